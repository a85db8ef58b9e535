import Type from 'typebox';
import { QUOTA_PERIODS } from '../entitlements/entitlement.ts';
import { contract, EXAMPLE, orNull, text, time } from '../../shared/contract.ts';
import { usageStreamId } from './usage.ts';

const service = 'licensing';
const of = {
  license_id: text('The licence.'),
  product_id: text('The product of the licence.'),
  feature: text('What was used.'),
  period: Type.Enum([...QUOTA_PERIODS]),
  period_start: time('When the period began that it counts to.'),
  period_end: orNull(time('When that begins anew; null = never.')),
};
const used = text('All that was used in the period, in decimal digits.');
const limit = Type.Integer({ minimum: 0, description: 'What may be used in the period.' });
const example = {
  license_id: EXAMPLE.license,
  product_id: EXAMPLE.product,
  feature: 'api_calls',
  period: 'monthly' as const,
  period_start: '2026-11-01T00:00:00.000Z',
  period_end: '2026-12-01T00:00:00.000Z',
};
const subject = usageStreamId(example.license_id, example.feature);

export const usageContracts = [
  contract({
    type: 'usage.recorded',
    service,
    subject,
    description: 'A licence used something that is counted. What the caller noted beside it stays with licensing.',
    fields: {
      ...of,
      quantity: Type.Integer({ minimum: 1 }),
      used,
      overage: Type.Boolean({ description: 'It was taken above the limit.' }),
      occurred_at: time('When it was used.'),
    },
    example: { ...example, quantity: 5, used: '120', overage: false, occurred_at: '2026-11-21T09:30:00.000Z' },
  }),
  contract({
    type: 'quota.warning',
    service,
    subject,
    description: 'Four fifths of a quota are used; told once a period.',
    fields: { ...of, used, limit },
    example: { ...example, used: '8000', limit: 10_000 },
  }),
  contract({
    type: 'quota.exceeded',
    service,
    subject,
    description: 'More than a quota allows was used or asked for; told once a period.',
    fields: { ...of, used, limit },
    example: { ...example, used: '10000', limit: 10_000 },
  }),
  contract({
    type: 'usage.reset',
    service,
    subject,
    description: 'What was used in a period counts as nothing from then on.',
    fields: { ...of, used: text('What was used until then.') },
    example: { ...example, used: '10000' },
  }),
];
