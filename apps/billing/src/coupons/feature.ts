import { couponStream } from '#domain/billing/coupon/coupon';
import type { Feature } from '#platform/feature';
import { CouponController } from './coupon.controller.ts';
import { couponCodesProjection, couponsProjection } from './coupon.projection.ts';
import { couponCodesTable, couponsTable } from './coupon.table.ts';
import { Coupons1790120000000 } from './coupons.migration.ts';
import { Coupons } from './coupons.ts';

/** Discounts and their codes. */
export const couponsFeature: Feature = {
  migrations: [Coupons1790120000000],
  tables: [couponsTable, couponCodesTable],
  streams: [couponStream],
  projections: [couponsProjection, couponCodesProjection],
  controllers: [CouponController],
  providers: [Coupons],
};
