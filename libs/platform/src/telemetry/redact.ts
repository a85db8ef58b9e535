import { readEmail } from '../mail/address.ts';

/** Replaces a secret. */
const CENSORED = '[redacted]';

/** Names of fields that hold a secret or name a person end in one of these: `license_key`, `masterKey`, `x-api-key`, `emails`. */
const SECRET_FIELD = /(key|secret|token|password|passphrase|authorization|cookie|email)s?$/i;

/** Patterns of secrets in texts. Imported license keys have no pattern, so they must never reach the log. */
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  // An address with a password in it, such as DATABASE_URL.
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/?#@"]*):[^\s/?#@"]+@/gi, `$1:${CENSORED}@`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${CENSORED}`],
  [/\bkl_\w{8,}/g, CENSORED],
  [/\bwhsec_[\w+/=-]+/g, CENSORED],
  // Stripe: API keys, and the client secrets of its objects.
  [/\b[rs]k_(test|live)_\w+/g, CENSORED],
  [/\b[a-z]{2,6}_\w{8,}_secret_\w{8,}/g, CENSORED],
  // Leases, signed license keys and internal tokens: a JWS begins with `{"`.
  [/\beyJ[\w-]{8,}(\.[\w-]*)*/g, CENSORED],
];

/** Fields of errors that describe the failure and contain no data of a caller. */
const TELLING = ['code', 'severity', 'schema', 'table', 'column', 'constraint', 'routine', 'syscall', 'statusCode'];

/** Maximum depth of a log line. */
const DEPTH = 8;

/** Runs of characters that an address may consist of. */
const WORD = /[^\s"(),:;<>[\]\\\p{Cc}]+/gu;

/** A text without the secrets and e-mail addresses that can be recognized in it. */
export const redactText = (text: string): string => {
  const rest = SECRET_TEXT.reduce((left, [pattern, by]) => left.replace(pattern, by), text);
  return rest.includes('@') ? rest.replace(WORD, (word) => (holdsEmail(word) ? CENSORED : word)) : rest;
};

/** Whether an address is anywhere in a word, also with characters around or within it that `readEmail` refuses. */
const holdsEmail = (word: string): boolean => {
  const parts = word.replace(/\p{Cf}/gu, '').split('@');
  return parts.slice(1).some((after, n) => {
    const before = parts[n] ?? '';
    // The first label is a domain itself; the next ones are tried for domains such as 12.example.com.
    for (const { index } of after.slice(0, 254).matchAll(/[^\p{L}\p{M}\p{N}-]|$/gu))
      if (readEmail(`${before}@${after.slice(0, index)}`) !== undefined) return true;
    return false;
  });
};

/** A value for the log: fields named like secrets are replaced at every depth, texts by `redactText`. */
export const redact = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth >= DEPTH) return '[deeper]';
  if (value instanceof Error) return redactError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      SECRET_FIELD.test(name) && field !== null && field !== undefined ? CENSORED : redact(field, depth + 1),
    ]),
  );
};

/**
 * Describes the failure and its place without values. PostgreSQL puts rows into `detail` and `where`, and values into messages
 * of data errors (class 22); JSON parsers quote their input.
 */
const redactError = (error: Error, depth: number): Record<string, unknown> => {
  const own = error as Error & Record<string, unknown>;
  const message = redactText(withoutValues(own));
  const told: Record<string, unknown> = {
    type: error.constructor.name,
    message,
    // Only frames: the lines before them repeat the message.
    stack: `${error.name}: ${message}\n${framesOf(error)}`,
  };
  for (const field of TELLING) {
    if (typeof own[field] === 'string' || typeof own[field] === 'number') told[field] = own[field];
  }
  if (error.cause !== undefined) told['cause'] = redact(error.cause, depth + 1);
  if (Array.isArray(own['errors'])) told['errors'] = redact(own['errors'], depth + 1);
  return told;
};

const withoutValues = ({ message, name, code, severity }: Error & Record<string, unknown>): string => {
  const ofData = severity !== undefined && typeof code === 'string' && code.startsWith('22');
  return ofData || name === 'SyntaxError' ? message.replace(/["'][^]*["']/g, CENSORED) : message;
};

const framesOf = ({ stack = '' }: Error): string =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
