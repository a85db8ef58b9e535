import Type from 'typebox';
import { contract, EXAMPLE, orNull, text, time } from '../../shared/contract.ts';
import { sessionsOf } from './floating.ts';

const service = 'licensing';
const ids = {
  product_id: text('The product of the license.'),
  license_id: text('The floating license.'),
  session_id: text('The session. The API shows its device or user.'),
};
const example = {
  product_id: EXAMPLE.product,
  license_id: 'lic_01jd1zzk3m5p7r9t1v3x5z7b9d',
  session_id: 'sess_01jd205a7c9e1g3j5m7p9r1t3w',
};
const subject = sessionsOf(example.license_id);
const expires_at = '2026-01-31T09:30:00.000Z';

export const floatingContracts = [
  contract({
    type: 'floating.checked_out',
    service,
    subject,
    description: 'A session of a floating license began. Heartbeats keep it alive; they are not published.',
    fields: {
      ...ids,
      expires_at: time('When it ends unless it is renewed.'),
      borrowed_until: orNull(time('It is borrowed until this time, to work offline; null = not borrowed.')),
    },
    example: { ...example, expires_at, borrowed_until: null },
  }),
  contract({
    type: 'floating.checked_in',
    service,
    subject,
    description: 'A session of a floating license was checked in, or ended by an operator: its place is free.',
    fields: { ...ids, reason: Type.Enum(['client', 'operator']) },
    example: { ...example, reason: 'client' },
  }),
  contract({
    type: 'floating.expired',
    service,
    subject,
    description: 'A session of a floating license expired: it was not renewed in time. Its place is free.',
    fields: { ...ids, expires_at: time('When it ended.') },
    example: { ...example, expires_at },
  }),
];
