/** What stands in the place of a secret. */
const CENSORED = '[redacted]';

/** Fields that hold a secret or name a person, by how their names end: `license_key`, `masterKey`, `x-api-key`, `emails`. */
const SECRET_FIELD = /(key|secret|token|password|passphrase|authorization|cookie|email)s?$/i;

/** Secrets by their looks, wherever they stand in a text. Keys that merchants choose have no looks: they must not get here. */
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  // An address with a password in it, such as DATABASE_URL.
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/?#@"]*):[^\s/?#@"]+@/gi, `$1:${CENSORED}@`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${CENSORED}`],
  [/\bkl_\w{8,}/g, CENSORED],
  [/\bwhsec_[\w+/=-]+/g, CENSORED],
  // Leases, signed licence keys and internal tokens: a JWS begins with `{"`.
  [/\beyJ[\w-]{8,}(\.[\w-]*)*/g, CENSORED],
  [/[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)*\.\p{L}{2,}/gu, CENSORED],
];

/** Fields of errors that tell what went wrong and hold nothing that a caller sent. */
const TELLING = ['code', 'severity', 'schema', 'table', 'column', 'constraint', 'routine', 'syscall', 'statusCode'];

/** How deep a log line may be. */
const DEPTH = 8;

/** A text without the secrets that can be told by their looks. */
export const redactText = (text: string): string =>
  SECRET_TEXT.reduce((rest, [pattern, by]) => rest.replace(pattern, by), text);

/** Anything as it may be logged: fields named like secrets cut out at every depth, texts as by `redactText`. */
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
 * What went wrong and where, never with what. PostgreSQL puts whole rows into `detail` and `where`, and values into the
 * messages of errors in data (class 22); parsers of JSON quote what they were given.
 */
const redactError = (error: Error, depth: number): Record<string, unknown> => {
  const own = error as Error & Record<string, unknown>;
  const message = redactText(withoutValues(own));
  const told: Record<string, unknown> = {
    type: error.constructor.name,
    message,
    // Frames alone: what stands before them is the message as it was.
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
