/** A column with values that a service has sealed. Columns of events do not belong here: events never change. */
export interface SealedColumn {
  readonly table: string;
  /** The primary key, text. */
  readonly key: string;
  readonly column: string;
  /** text where left out */
  readonly type?: 'text' | 'bytea';
  readonly purpose: string;
  /** The context that a value is sealed with, computed from the primary key. */
  context(this: void, key: string): string;
}

/** The sealed columns that every service has. */
export const SEALED_EVERYWHERE: readonly SealedColumn[] = [
  {
    table: 'person_keys',
    key: 'person_id',
    column: 'sealed_key',
    type: 'bytea',
    purpose: 'person-key',
    context: () => '',
  },
  {
    table: 'commands',
    key: 'command_id',
    column: 'result',
    type: 'bytea',
    purpose: 'idempotency',
    context: (id) => id,
  },
];
