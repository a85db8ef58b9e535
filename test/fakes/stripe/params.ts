import { invalid } from './errors.ts';

export type Raw = string | number | boolean | null | readonly Raw[] | { readonly [name: string]: Raw };

const isHash = (raw: Raw | undefined): raw is { readonly [name: string]: Raw } =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw);

const textOf = (raw: Raw): string => (raw === null ? '' : typeof raw === 'object' ? JSON.stringify(raw) : String(raw));

/**
 * The parameters of a request, from a form (all values are texts) or from JSON. It remembers which of them were read: a
 * parameter that no code reads is one that the fake does not play, and `unread` names it.
 */
export class Params {
  readonly #raw: { readonly [name: string]: Raw };
  readonly #path: string;
  readonly #read = new Set<string>();
  readonly #children = new Map<string, Params>();

  constructor(raw: { readonly [name: string]: Raw }, path = '') {
    this.#raw = raw;
    this.#path = path;
  }

  /** `name`, or `items[0][name]` inside of another parameter. */
  at(name: string): string {
    return this.#path === '' ? name : `${this.#path}[${name}]`;
  }

  has(name: string): boolean {
    return this.#take(name) !== undefined;
  }

  /** An empty text clears a field. */
  clears(name: string): boolean {
    const raw = this.#take(name);
    return raw === '' || raw === null;
  }

  text(name: string): string | undefined {
    const raw = this.#take(name);
    if (raw === undefined || raw === null || raw === '') return undefined;
    if (typeof raw === 'object') throw invalid(`Invalid string: ${JSON.stringify(raw)}`, { param: this.at(name) });
    return String(raw);
  }

  needText(name: string): string {
    const text = this.text(name);
    if (text === undefined)
      throw invalid(`Missing required param: ${this.at(name)}.`, { code: 'parameter_missing', param: this.at(name) });
    return text;
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = choices.find((choice) => choice === text);
    if (found === undefined)
      throw invalid(`Invalid ${this.at(name)}: must be one of ${choices.join(', ')}`, { param: this.at(name) });
    return found;
  }

  needChoice<T extends string>(name: string, choices: readonly T[]): T {
    this.needText(name);
    return this.choice(name, choices) as T;
  }

  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value))
      throw invalid(`Invalid integer: ${text}`, { code: 'parameter_invalid_integer', param: this.at(name) });
    return value;
  }

  needInteger(name: string): number {
    this.needText(name);
    return Number(this.integer(name));
  }

  /** A number that may have a fraction. */
  decimal(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^-?\d+(\.\d+)?$/.test(text)) throw invalid(`Invalid decimal: ${text}`, { param: this.at(name) });
    return Number(text);
  }

  flag(name: string): boolean | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (text !== 'true' && text !== 'false') throw invalid(`Invalid boolean: ${text}`, { param: this.at(name) });
    return text === 'true';
  }

  hash(name: string): Params | undefined {
    const raw = this.#take(name);
    if (raw === undefined || raw === '' || raw === null) return undefined;
    if (!isHash(raw)) throw invalid('Invalid object', { param: this.at(name) });
    return this.#child(raw, this.at(name));
  }

  /** A list of objects; undefined if it was not given, empty if it was cleared. */
  list(name: string): Params[] | undefined {
    const raw = this.#take(name);
    if (raw === undefined) return undefined;
    if (raw === '' || raw === null) return [];
    const entries: Raw[] = Array.isArray(raw) ? (raw as Raw[]) : isHash(raw) ? Object.values(raw) : [];
    return entries.map((entry, index) => {
      const path = `${this.at(name)}[${index}]`;
      if (!isHash(entry)) throw invalid('Invalid object', { param: path });
      return this.#child(entry, path);
    });
  }

  texts(name: string): string[] | undefined {
    const raw = this.#take(name);
    if (raw === undefined) return undefined;
    if (raw === '' || raw === null) return [];
    if (Array.isArray(raw)) return (raw as Raw[]).map(textOf);
    if (isHash(raw)) return Object.values(raw).map(textOf);
    throw invalid('Invalid array', { param: this.at(name) });
  }

  /** All of an object of texts, such as `metadata`; undefined if it was not given. */
  map(name: string): Record<string, string> | undefined {
    const raw = this.#take(name);
    if (raw === undefined) return undefined;
    if (raw === '' || raw === null) return {};
    if (!isHash(raw)) throw invalid('Invalid object', { param: this.at(name) });
    return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, textOf(value)]));
  }

  /** Names of what was given at this level. */
  names(): string[] {
    return Object.keys(this.#raw);
  }

  /** Accepts parameters that have no effect in the fake. */
  ignore(...names: string[]): void {
    for (const name of names) this.#take(name);
  }

  /** Parameters that were given and never read. */
  unread(): string[] {
    const own = Object.keys(this.#raw).filter((name) => !this.#read.has(name));
    return [...own.map((name) => this.at(name)), ...[...this.#children.values()].flatMap((child) => child.unread())];
  }

  /** One object of parameters is one child, however often it is read. */
  #child(raw: { readonly [name: string]: Raw }, path: string): Params {
    const child = this.#children.get(path) ?? new Params(raw, path);
    this.#children.set(path, child);
    return child;
  }

  #take(name: string): Raw | undefined {
    this.#read.add(name);
    return this.#raw[name];
  }
}

/** `metadata` after a change: given keys are set, those given empty are removed. */
export const mergedMetadata = (before: Record<string, string>, params: Params): Record<string, string> => {
  const given = params.map('metadata');
  if (given === undefined) return before;
  if (Object.keys(given).length === 0) return {};
  return Object.fromEntries(Object.entries({ ...before, ...given }).filter(([, value]) => value !== ''));
};
