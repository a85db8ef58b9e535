/**
 * A filter of a webhook selects events among those of its event types. A condition names a field by its path from the event's
 * root (`subject`, `data.plan_id`) and tests it with one operator; `all`, `any` and `not` join conditions.
 */
export type Filter =
  | { readonly all: readonly Filter[] }
  | { readonly any: readonly Filter[] }
  | { readonly not: Filter }
  | ({ readonly path: string } & Test);

type Scalar = string | number | boolean | null;

type Test =
  | { readonly eq: Scalar }
  | { readonly ne: Scalar }
  | { readonly in: readonly Scalar[] }
  | { readonly exists: boolean }
  | { readonly starts_with: string }
  | { readonly gt: string | number }
  | { readonly gte: string | number }
  | { readonly lt: string | number }
  | { readonly lte: string | number };

/** What is wrong with a filter; the pointer (RFC 6901) is from the filter's root. */
export interface FilterMistake {
  readonly pointer: string;
  readonly detail: string;
}

/** Largest depth of joins within joins: deeper filters are hard to read. */
const MAX_DEPTH = 5;
/** Largest number of conditions and joins together: a filter is tested on every event. */
const MAX_PARTS = 100;
const MAX_VALUES = 100;
const MAX_TEXT = 500;
/** The fields that a condition may test: only fields that the webhook itself receives. */
const PATH = /^(type|subject|source|data(\.[A-Za-z0-9_-]{1,100}){1,8})$/;
const OPERATORS = ['eq', 'ne', 'in', 'exists', 'starts_with', 'gt', 'gte', 'lt', 'lte'] as const;
type Operator = (typeof OPERATORS)[number];

class Mistake extends Error {
  constructor(
    readonly pointer: string,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/**
 * The first mistake in a filter; undefined if it is valid. An unknown part is a mistake and is never ignored: without that part,
 * the filter would pass events that must not be sent.
 */
export const mistakeIn = (filter: unknown): FilterMistake | undefined => {
  try {
    check(filter, '', 1, { parts: 0 });
    return undefined;
  } catch (error) {
    if (error instanceof Mistake) return { pointer: error.pointer, detail: error.detail };
    throw error;
  }
};

const check = (filter: unknown, at: string, depth: number, seen: { parts: number }): void => {
  if (!isObject(filter)) throw new Mistake(at, 'must be an object: a condition, or all, any or not');
  if (depth > MAX_DEPTH) throw new Mistake(at, `must not be nested more than ${MAX_DEPTH} levels deep`);
  if (++seen.parts > MAX_PARTS) throw new Mistake(at, `must not have more than ${MAX_PARTS} parts`);
  const [join, ...others] = Object.keys(filter);
  if (join === 'all' || join === 'any' || join === 'not') {
    if (others[0] !== undefined) throw new Mistake(`${at}/${escaped(others[0])}`, `is not allowed with ${join}`);
    const inner = filter[join];
    if (join === 'not') {
      check(inner, `${at}/not`, depth + 1, seen);
      return;
    }
    if (!Array.isArray(inner) || inner.length === 0) throw new Mistake(`${at}/${join}`, 'must be a list of filters');
    inner.forEach((one, n) => check(one, `${at}/${join}/${n}`, depth + 1, seen));
    return;
  }
  checkCondition(filter, at);
};

const checkCondition = (condition: Readonly<Record<string, unknown>>, at: string): void => {
  const { path, ...test } = condition;
  const names = Object.keys(test);
  const odd = names.find((name) => !OPERATORS.some((operator) => operator === name));
  if (odd !== undefined) throw new Mistake(`${at}/${escaped(odd)}`, `is not one of ${OPERATORS.join(', ')}`);
  if (path === undefined) throw new Mistake(`${at}/path`, 'is required, together with an operator');
  if (typeof path !== 'string' || !PATH.test(path)) {
    throw new Mistake(`${at}/path`, 'must be type, subject, source or a field of data such as data.plan_id');
  }
  if (names.length !== 1) throw new Mistake(at, `must have exactly one of ${OPERATORS.join(', ')}`);
  const operator = names[0] as Operator;
  const detail = wrongOperand(operator, test[operator]);
  if (detail !== undefined) throw new Mistake(`${at}/${operator}`, detail);
};

const wrongOperand = (operator: Operator, value: unknown): string | undefined => {
  switch (operator) {
    case 'eq':
    case 'ne':
      return isScalar(value) ? undefined : 'must be a text of up to 500 characters, a number, true, false or null';
    case 'in':
      return Array.isArray(value) && value.length > 0 && value.length <= MAX_VALUES && value.every(isScalar)
        ? undefined
        : `must be a list of up to ${MAX_VALUES} texts, numbers, true, false or null`;
    case 'exists':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'starts_with':
      return isText(value) ? undefined : 'must be a text of up to 500 characters';
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return isText(value) || typeof value === 'number' ? undefined : 'must be a number or a text';
    default:
      return operator satisfies never;
  }
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_TEXT;
const isScalar = (value: unknown): value is Scalar =>
  value === null || typeof value === 'number' || typeof value === 'boolean' || isText(value);
const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * Whether an event passes. A missing field passes only `ne` and `exists: false`. Two numbers compare by value, two texts by their
 * characters (so RFC 3339 times in UTC compare by time). A number and a text have no order: the condition is false.
 */
export const passes = (filter: Filter, event: object): boolean => {
  if ('all' in filter) return filter.all.every((one) => passes(one, event));
  if ('any' in filter) return filter.any.some((one) => passes(one, event));
  if ('not' in filter) return !passes(filter.not, event);
  return holds(filter, fieldOf(event, filter.path));
};

const fieldOf = (event: object, path: string): unknown => {
  let value: unknown = event;
  for (const name of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
};

const holds = (test: Test, value: unknown): boolean => {
  if ('eq' in test) return value === test.eq;
  if ('ne' in test) return value !== test.ne;
  if ('in' in test) return test.in.some((one) => one === value);
  if ('exists' in test) return (value !== undefined && value !== null) === test.exists;
  if ('starts_with' in test) return typeof value === 'string' && value.startsWith(test.starts_with);
  if ('gt' in test) return compared(value, test.gt, (order) => order > 0);
  if ('gte' in test) return compared(value, test.gte, (order) => order >= 0);
  if ('lt' in test) return compared(value, test.lt, (order) => order < 0);
  return compared(value, test.lte, (order) => order <= 0);
};

const compared = (value: unknown, bound: string | number, wanted: (order: number) => boolean): boolean => {
  if (typeof value === 'number' && typeof bound === 'number') return wanted(value - bound);
  if (typeof value === 'string' && typeof bound === 'string') return wanted(value < bound ? -1 : value > bound ? 1 : 0);
  return false;
};
