import type { DiscountDuration } from '#domain/billing/subscription/subscription.discount';
import { bigint, boolean, integer, json, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Coupons as they are listed. Rules are decided from their streams. */
export const couponsTable = defineTable('coupons', {
  id: text().key(),
  version: integer(),
  name: text(),
  percent_off: text().orNull(),
  amount_off: bigint().orNull(),
  currency: text().orNull(),
  duration: text<DiscountDuration>(),
  months: integer().orNull(),
  plans: json<readonly string[]>().orNull(),
  max_redemptions: integer().orNull(),
  max_per_customer: integer().orNull(),
  redeem_by: time().orNull(),
  first_time_only: boolean(),
  codes: json<readonly string[]>(),
  active: boolean(),
  redemptions: integer(),
  created_at: time(),
  updated_at: time(),
});

export type CouponRow = RowOf<typeof couponsTable>;

/** The coupon of each code. The key holds codes in upper case, so that no two coupons have one code in any case. */
export const couponCodesTable = defineTable(
  'coupon_codes',
  { code: text().key(), coupon_id: text() },
  { indices: [{ name: 'coupon_codes_coupon_id', columns: ['coupon_id'] }] },
);
