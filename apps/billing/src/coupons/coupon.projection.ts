import { codeKey, type CouponEvent } from '#domain/billing/coupon/coupon';
import type { RecordedEvent } from '#events/event';
import { tableProjection } from '#events/projection/table';
import type { Projection } from '#events/store';
import { couponCodesTable, type CouponRow, couponsTable } from './coupon.table.ts';

export const couponsProjection = tableProjection<CouponRow, CouponEvent>({
  table: couponsTable,
  types: ['coupon.*'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version, recorded_at }) => {
    const updated_at = new Date(recorded_at);
    if (event.type === 'coupon.created') {
      const { type: _event, amount_off, redeem_by, ...terms } = event;
      return {
        ...terms,
        id: stream_id,
        version,
        amount_off: amount_off === null ? null : String(amount_off),
        redeem_by: redeem_by === null ? null : new Date(redeem_by),
        redemptions: 0,
        created_at: updated_at,
        updated_at,
      };
    }
    if (row === undefined) return row;
    switch (event.type) {
      case 'coupon.updated': {
        const { redeem_by, ...changes } = event.changes;
        const until = redeem_by === undefined ? {} : { redeem_by: redeem_by === null ? null : new Date(redeem_by) };
        return { ...row, ...changes, ...until, version, updated_at };
      }
      case 'coupon.redeemed':
        return { ...row, redemptions: row.redemptions + 1, version };
      case 'coupon.released':
        return { ...row, redemptions: row.redemptions - 1, version };
      default:
        return row;
    }
  },
});

/** Replaces the codes of each coupon by those that an event names, one event after the other. */
export const couponCodesProjection: Projection = {
  name: couponCodesTable.name,
  types: ['coupon.created', 'coupon.updated'],
  tables: [couponCodesTable.name],
  handle: async (batch, tx) => {
    for (const { event, stream_id } of batch as unknown as readonly RecordedEvent<CouponEvent>[]) {
      const codes = codesOf(event);
      if (codes === undefined) continue;
      await tx.query({
        name: 'remove_coupon_codes',
        text: 'delete from coupon_codes where coupon_id = $1',
        values: [stream_id],
      });
      await tx.query({
        name: 'add_coupon_codes',
        text: 'insert into coupon_codes (code, coupon_id) select code, $1 from unnest($2::text[]) as added(code)',
        values: [stream_id, codes.map(codeKey)],
      });
    }
  },
};

const codesOf = (event: CouponEvent): readonly string[] | undefined => {
  if (event.type === 'coupon.created') return event.codes;
  return event.type === 'coupon.updated' ? event.changes.codes : undefined;
};
