/** A column that holds what a service has sealed. Columns of events are none: events never change. */
export interface SealedColumn {
  readonly table: string;
  /** The primary key, text. */
  readonly key: string;
  readonly column: string;
  /** text where left out */
  readonly type?: 'text' | 'bytea';
  readonly purpose: string;
  /** The context that it is sealed with, from the primary key. */
  context(this: void, key: string): string;
}

/** Those that every service has. */
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
