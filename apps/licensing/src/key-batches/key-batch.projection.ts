import type { KeyBatchEvent } from '#domain/licensing/key-batch/key-batch';
import type { RecordedEvent } from '#events/event';
import { tableProjection } from '#events/projection/table';
import type { Projection } from '#events/store';
import { keyBatchCodesTable, keyBatchesTable, type KeyBatchRow } from './key-batch.table.ts';

export const keyBatchesProjection = tableProjection<KeyBatchRow, KeyBatchEvent>({
  table: keyBatchesTable,
  types: ['key_batch.created', 'key_batch.code_redeemed', 'key_batch.voided'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version }) => {
    switch (event.type) {
      case 'key_batch.created': {
        const { product_id, plan_id, name, count } = event;
        const redeem_until = event.redeem_until === null ? null : new Date(event.redeem_until);
        const made = { id: stream_id, version, product_id, plan_id, name, count, redeem_until };
        return { ...made, status: 'active', redeemed: 0 };
      }
      case 'key_batch.code_redeemed':
        return row && { ...row, version, redeemed: row.redeemed + 1 };
      case 'key_batch.voided':
        return row && { ...row, version, status: 'voided' };
      default:
        return row;
    }
  },
});

/** One row per code. One event may add many codes. */
export const keyBatchCodesProjection: Projection = {
  name: keyBatchCodesTable.name,
  types: ['key_batch.codes_added', 'key_batch.code_redeemed'],
  tables: [keyBatchCodesTable.name],
  handle: async (batch, tx) => {
    const events = batch as unknown as readonly RecordedEvent<KeyBatchEvent>[];
    const codes = events.flatMap(({ event, stream_id }) =>
      event.type === 'key_batch.codes_added'
        ? event.code_hashes.map((hash, at) => ({ batch: stream_id, number: event.first + at, hash }))
        : [],
    );
    if (codes.length > 0) {
      await tx.query({
        name: 'add_codes',
        text: `insert into key_batch_codes (batch_id, number, code_hash)
          select * from unnest($1::text[], $2::integer[], $3::text[]) on conflict (batch_id, number) do nothing`,
        values: [codes.map((code) => code.batch), codes.map((code) => code.number), codes.map((code) => code.hash)],
      });
    }
    const redeemed = events.flatMap(({ event, recorded_at }) =>
      event.type === 'key_batch.code_redeemed' ? [{ ...event, recorded_at }] : [],
    );
    if (redeemed.length > 0) {
      await tx.query({
        name: 'redeem_codes',
        text: `update key_batch_codes as c set license_id = r.license_id, redeemed_at = r.redeemed_at
          from unnest($1::text[], $2::integer[], $3::text[], $4::timestamptz[]) as r(batch_id, number, license_id, redeemed_at)
          where c.batch_id = r.batch_id and c.number = r.number`,
        values: [
          redeemed.map(({ batch_id }) => batch_id),
          redeemed.map(({ number }) => number),
          redeemed.map(({ license_id }) => license_id),
          redeemed.map(({ recorded_at }) => recorded_at),
        ],
      });
    }
  },
};
