import type { EntitySchemaColumnOptions } from 'typeorm';

/** A column of a table that `defineTable` describes. `Value` is the type that the driver returns and accepts for it. */
export class Column<Value> {
  /** Exists only in the type system. */
  declare readonly value: Value;

  constructor(readonly options: EntitySchemaColumnOptions) {}

  /** Its PostgreSQL type. */
  get type(): string {
    return `${String(this.options.type)}${this.options.array === true ? '[]' : ''}`;
  }

  /** Part of the primary key. */
  key(): Column<Value> {
    return this.#with({ primary: true });
  }

  orNull(): Column<Value | null> {
    return new Column({ ...this.options, nullable: true });
  }

  /** @param value a literal, or an SQL expression as a function: `() => 'now()'` */
  default(value: string | number | boolean | (() => string)): Column<Value> {
    return this.#with({ default: value });
  }

  /** PostgreSQL numbers the rows: `generated always as identity`, which an entity schema of TypeORM calls `increment`. */
  generated(): Column<Value> {
    return this.#with({ generated: 'increment' });
  }

  #with(more: Partial<EntitySchemaColumnOptions>): Column<Value> {
    return new Column({ ...this.options, ...more });
  }
}

/** @typeParam Value the texts that it may contain */
export const text = <Value extends string = string>(): Column<Value> => new Column({ type: 'text' });

export const integer = (): Column<number> => new Column({ type: 'integer' });

/** 64-bit whole numbers: the driver returns them as texts. */
export const bigint = (): Column<string> => new Column({ type: 'bigint' });

/** Numbers of any size: the driver returns them as texts. */
export const numeric = (): Column<string> => new Column({ type: 'numeric' });

export const boolean = (): Column<boolean> => new Column({ type: 'boolean' });

/** An instant. */
export const time = (): Column<Date> => new Column({ type: 'timestamptz' });

/** An instant, or infinity, which the driver returns as a number. */
export const timeOrInfinity = (): Column<Date | number> => new Column({ type: 'timestamptz' });

export const uuid = (): Column<string> => new Column({ type: 'uuid' });

/** @typeParam Value type of the JSON; it is not validated, since the service wrote it */
export const json = <Value>(): Column<Value> => new Column({ type: 'jsonb' });

export const integers = (): Column<readonly number[]> => new Column({ type: 'integer', array: true });
