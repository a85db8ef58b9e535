import { contract, EXAMPLE, orNull, text, time } from '../../shared/contract.ts';

export const licenseKeyContracts = [
  contract({
    type: 'license.key_rotated',
    service: 'licensing',
    subject: EXAMPLE.license,
    description: 'A license has another key. The one before does not work any more.',
    fields: {
      product_id: text('The product of the license.'),
      reason: orNull(text('Why, in the words of whoever did it.')),
    },
    example: { product_id: EXAMPLE.product, reason: 'posted in a forum' },
  }),
  contract({
    type: 'license.file_issued',
    service: 'licensing',
    subject: EXAMPLE.license,
    description: 'A license file was given out for a machine that never comes online. It cannot be called back.',
    fields: {
      product_id: text('The product of the license.'),
      identifier_hash: text('Base64url SHA-256 of the identifier of the machine.'),
      expires_at: time('Until when it is good.'),
    },
    example: {
      product_id: EXAMPLE.product,
      identifier_hash: 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg',
      expires_at: '2027-01-31T09:00:00.000Z',
    },
  }),
];
