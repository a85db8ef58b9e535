import { type DataSource, LessThan, type ObjectLiteral, type SelectQueryBuilder } from 'typeorm';
import type { Table } from './table.ts';

/**
 * Starts the query of a list, newest first: ids ascend with time. The caller adds conditions and takes `getMany()`. Columns
 * may be named in SQL without their table.
 * @param before id of the last row of the page before
 */
export const newestFirst = <R extends ObjectLiteral & { readonly id: string }>(
  orm: DataSource,
  table: Table<R>,
  before: string | undefined,
  limit: number,
): SelectQueryBuilder<R> => {
  const query = orm
    .getRepository(table)
    .createQueryBuilder(table.name)
    .orderBy(`${table.name}.id`, 'DESC')
    .limit(limit);
  return before === undefined ? query : query.andWhere({ id: LessThan(before) });
};

/** A condition for `andWhere`: one of the texts contains the searched text, in any case. @param texts SQL expressions */
export const containing = (searched: string, ...texts: readonly string[]): [string, { searched: string }] => [
  `(${texts.map((text) => `strpos(lower(${text}), lower(:searched)) > 0`).join(' or ')})`,
  { searched },
];
