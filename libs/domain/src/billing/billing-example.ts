import { EXAMPLE } from '../shared/contract.ts';

/** Ids that most examples of billing's events use. */
export const BILLING_EXAMPLE = {
  ...EXAMPLE,
  price: 'price_01jd30a1b3c5d7e9f2g4h6j8km',
  customer: 'cus_4zq8k2m6w9r3t5v7x1y0b2c4d6',
  subscription: 'sub_01jd30c2d4e6f8g1h3j5k7m9np',
  invoice: 'inv_01jd30d3e5f7g9h2j4k6m8n1pq',
  payment: 'pay_01jd30e4f6g8h1j3k5m7n9p2qr',
  coupon: 'cpn_01jd30g6h8j1k3m5n7p9q2r4st',
  credit_note: 'cn_01jd30f5g7h9j2k4m6n8p1q3rs',
};
