import { text } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

export type UseKind = 'seats' | 'activations';

/** Seats and activations of licenses; licensing owns them. */
export const inUseTable = defineTable(
  'in_use',
  {
    /** Of the seat or activation. */
    id: text().key(),
    license_id: text(),
    kind: text<UseKind>(),
  },
  { indices: [{ name: 'in_use_license_id', columns: ['license_id', 'kind'] }] },
);

export type InUseRow = RowOf<typeof inUseTable>;
