import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, Matches, Max, Min, ValidateBy } from 'class-validator';
import ipaddr from 'ipaddr.js';
import { readEmail } from '../mail/address.ts';

/** Turns the text of a variable into a value. A property that no variable sets keeps its default. */
const parsed = (parse: (text: string) => unknown): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? parse(value) : value));

const checked = (name: string, validate: (value: unknown) => boolean, message: string): PropertyDecorator =>
  ValidateBy({ name, validator: { validate } }, { message });

/** A whole number, from `min` to `max` inclusive. */
export const WholeNumber = (min: number, max: number): PropertyDecorator => {
  const message = `give a whole number from ${min} to ${max}, or leave it out`;
  return applyDecorators(
    parsed((text) => (/^\d+$/.test(text) ? Number(text) : text)),
    IsInt({ message }),
    Min(min, { message }),
    Max(max, { message }),
  );
};

/** One of a closed list of words. */
export const OneOf = (...values: readonly string[]): PropertyDecorator =>
  IsIn([...values], { message: `give one of ${values.join(', ')}` });

/** Parts between commas, trimmed; a text without any part counts as not set. */
export const CommaList = (): PropertyDecorator => parsed(partsOf);

const partsOf = (text: string): string[] | undefined => {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts.length === 0 ? undefined : parts;
};

/** Secrets, between commas. A blank one is refused: it may be left over from a mistake, and would be no secret. */
export const SecretList = (): PropertyDecorator =>
  applyDecorators(
    parsed((text) => text.split(',').map((part) => part.trim())),
    checked(
      'secretList',
      (value) => Array.isArray(value) && value.every((part) => typeof part === 'string' && /^\S+$/.test(part)),
      'give secrets separated by commas; none of them may be blank or have spaces in it',
    ),
  );

/** Networks in CIDR notation, between commas. */
export const Networks = (): PropertyDecorator =>
  applyDecorators(
    parsed((text) => partsOf(text) ?? []),
    checked(
      'networks',
      (value) => Array.isArray(value) && value.every((part) => typeof part === 'string' && ipaddr.isValidCIDR(part)),
      'give networks such as 10.1.0.0/16,fd00::/8',
    ),
  );

const isWebAddress = (value: unknown): boolean =>
  typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);

const WEB_ADDRESS = 'give an address such as https://licenses.example.com';

/** An http or https address, without trailing slashes. */
export const WebAddress = (message = WEB_ADDRESS): PropertyDecorator =>
  applyDecorators(
    parsed((text) => text.replace(/\/+$/, '')),
    checked('webAddress', isWebAddress, message),
  );

/** The address of a PostgreSQL database. */
export const DatabaseAddress = (): PropertyDecorator =>
  Matches(/^postgres(ql)?:\/\//, {
    message: 'start it with postgresql://, or leave it out for the embedded PostgreSQL',
  });

/** A bare e-mail address, without a name. */
export const MailAddress = (): PropertyDecorator =>
  applyDecorators(
    parsed((text) => readEmail(text) ?? text),
    checked(
      'mailAddress',
      (value) => typeof value === 'string' && readEmail(value) !== undefined,
      'give a bare address such as licenses@example.com',
    ),
  );
