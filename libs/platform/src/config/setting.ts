import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { ConfigError } from './config-error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A class whose properties carry `@Setting`; the values of a new instance are the defaults. */
export type SettingsClass<Settings extends object = object> = new () => Settings;

interface Declared {
  readonly property: string;
  readonly variable: string;
  readonly secret: boolean;
}

const DECLARED = Symbol('keyledger:settings');

/**
 * Marks a property as read from an environment variable. The decorators below it (`kinds.ts`, class-validator) turn the
 * variable's text into the value and check it; their message says what to give instead.
 * @param secret the variable's text is left out of messages
 */
export const Setting =
  (variable: string, { secret = false } = {}): PropertyDecorator =>
  (target, property) => {
    const before = declaredBy(target);
    Reflect.defineMetadata(DECLARED, [...before, { property: String(property), variable, secret }], target);
  };

const declaredBy = (prototype: object): readonly Declared[] =>
  (Reflect.getMetadata(DECLARED, prototype) as readonly Declared[] | undefined) ?? [];

/** The environment variables that a class of settings reads. */
export const variablesOf = (settings: SettingsClass): readonly string[] =>
  declaredBy(settings.prototype as object).map(({ variable }) => variable);

/**
 * Reads and validates a class of settings. A variable that is empty or blank counts as not set.
 * @throws ConfigError naming the first variable that is wrong, and the remedy
 */
export const readSettings = <Settings extends object>(
  settings: SettingsClass<Settings>,
  env: Environment,
): Settings => {
  const declared = declaredBy(settings.prototype as object);
  const given = declared.flatMap(({ property, variable }) => {
    const text = env[variable]?.trim();
    return text === undefined || text === '' ? [] : [[property, text] as const];
  });
  const instance = plainToInstance(settings, Object.fromEntries(given));
  const [error] = validateSync(instance, { skipUndefinedProperties: true, forbidUnknownValues: false });
  if (error === undefined) return instance;
  const { variable = error.property, secret } = declared.find(({ property }) => property === error.property) ?? {};
  const [message = 'is not valid'] = Object.values(error.constraints ?? {});
  throw new ConfigError(secret ? `${variable}: ${message}.` : `${variable} is "${env[variable] ?? ''}": ${message}.`);
};
