import Type from 'typebox';
import { QUOTA_PERIODS } from '../entitlements/entitlement.ts';
import { contract, EXAMPLE, orNull, text, time } from '../../shared/contract.ts';
import { uniqueKeyOf } from './unique-key.ts';
import { usageStreamId } from './usage.ts';

const service = 'licensing';
const of = {
  license_id: text('The license.'),
  product_id: text('The product of the license.'),
  feature: text('The feature that was used.'),
  period: Type.Enum([...QUOTA_PERIODS]),
  period_start: time('When the period begins.'),
  period_end: orNull(time('When the period ends; null = never.')),
};
const used = text('The total of the period, in decimal digits.');
const limit = Type.Integer({ minimum: 0, description: 'The limit of the period.' });
const example = {
  license_id: EXAMPLE.license,
  product_id: EXAMPLE.product,
  feature: 'api_calls',
  period: 'monthly' as const,
  period_start: '2026-11-01T00:00:00.000Z',
  period_end: '2026-12-01T00:00:00.000Z',
};
const subject = usageStreamId(example.license_id, example.feature);

const recorded = contract({
  type: 'usage.recorded',
  service,
  subject,
  description: 'A license used a feature that is counted. The metadata of the record stays in licensing.',
  fields: {
    ...of,
    quantity: Type.Integer({ minimum: 1 }),
    used,
    overage: Type.Boolean({ description: 'The total is above the limit.' }),
    occurred_at: time('When the feature was used.'),
    unique_key: Type.Optional(
      orNull(
        text('A hash of `unique_key` in the metadata, for prices that count different ones; null = none was given.'),
      ),
    ),
  },
  example: {
    ...example,
    quantity: 5,
    used: '120',
    overage: false,
    occurred_at: '2026-11-21T09:30:00.000Z',
    unique_key: null,
  },
});

export const usageContracts = [
  { ...recorded, publish: (event: object) => ({ ...recorded.publish(event), unique_key: uniqueKeyOf(event) }) },
  contract({
    type: 'quota.warning',
    service,
    subject,
    description: 'Four fifths of a quota are used. Sent once per period, and once more for each raised limit.',
    fields: { ...of, used, limit },
    example: { ...example, used: '8000', limit: 10_000 },
  }),
  contract({
    type: 'quota.exceeded',
    service,
    subject,
    description:
      'More than a quota allows was used or requested. Sent once per period, and once more for each raised limit.',
    fields: { ...of, used, limit },
    example: { ...example, used: '10000', limit: 10_000 },
  }),
  contract({
    type: 'usage.reset',
    service,
    subject,
    description: 'The total of a period was set to zero.',
    fields: { ...of, used: text('The total before.') },
    example: { ...example, used: '10000' },
  }),
];
