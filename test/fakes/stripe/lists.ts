import type { Collection } from './collection.ts';
import { invalid, missing } from './errors.ts';
import type { Thing } from './objects.ts';
import type { Params } from './params.ts';

export interface Page<T> {
  readonly object: 'list';
  readonly url: string;
  readonly has_more: boolean;
  readonly data: readonly T[];
}

/** A range of times, `created[gte]` and the like, or one exact time. */
export const range = (params: Params, name: string): ((time: number) => boolean) => {
  if (!params.has(name)) return () => true;
  let given: Params | undefined;
  try {
    given = params.hash(name);
  } catch {
    const exact = params.integer(name);
    return (time) => time === exact;
  }
  const [gt, gte, lt, lte] = ['gt', 'gte', 'lt', 'lte'].map((bound) => given?.integer(bound));
  return (time) =>
    (gt === undefined || time > gt) &&
    (gte === undefined || time >= gte) &&
    (lt === undefined || time < lt) &&
    (lte === undefined || time <= lte);
};

/** `limit`, 1 to 100; 10 when it was not given. */
export const limitOf = (params: Params): number => {
  const limit = params.integer('limit') ?? 10;
  if (limit < 1 || limit > 100) throw invalid('Limit must be between 1 and 100', { param: 'limit' });
  return limit;
};

/**
 * A page of a collection, newest first, by `limit`, `starting_after`, `ending_before` and `created`.
 *
 * @param key looks at the objects of this key of the collection only
 */
export const page = <T extends Thing & { readonly created?: number }>(
  url: string,
  collection: Collection<T>,
  params: Params,
  matches: (item: T) => boolean = () => true,
  key?: string,
): Page<T> => {
  const limit = limitOf(params);
  const after = params.text('starting_after');
  const ending = params.text('ending_before');
  if (after !== undefined && ending !== undefined)
    throw invalid('You cannot parameterize both starting_after and ending_before.', { param: 'ending_before' });
  const cursor = after ?? ending;
  if (cursor !== undefined && collection.get(cursor) === undefined)
    throw missing('object', cursor, after === undefined ? 'ending_before' : 'starting_after');
  const created = range(params, 'created');
  const found: T[] = [];
  for (const item of collection.from(cursor, ending === undefined ? 'older' : 'newer', key)) {
    if (!created(item.created ?? 0) || !matches(item)) continue;
    found.push(item);
    if (found.length > limit) break;
  }
  const data = found.slice(0, limit);
  if (ending !== undefined) data.reverse();
  return { object: 'list', url, has_more: found.length > limit, data };
};

/** A page of a few objects that stand in another one. */
export const pageOf = <T extends Thing>(url: string, items: readonly T[], params: Params): Page<T> => {
  const limit = limitOf(params);
  const after = params.text('starting_after');
  const start = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
  return { object: 'list', url, has_more: items.length > start + limit, data: items.slice(start, start + limit) };
};
