import { contract, EXAMPLE, orNull, text, time } from '../../shared/contract.ts';

export const licenseKeyContracts = [
  contract({
    type: 'license.key_rotated',
    service: 'licensing',
    subject: EXAMPLE.license,
    description: 'A license has a new key. The old key no longer works.',
    fields: {
      product_id: text('The product of the license.'),
      reason: orNull(text('The reason that was given, as free text.')),
    },
    example: { product_id: EXAMPLE.product, reason: 'posted in a forum' },
  }),
  contract({
    type: 'license.file_issued',
    service: 'licensing',
    subject: EXAMPLE.license,
    description: 'A license file was issued for a machine that never comes online. It cannot be revoked.',
    fields: {
      product_id: text('The product of the license.'),
      identifier_hash: text('Base64url SHA-256 of the identifier of the machine.'),
      expires_at: time('Until when it is valid.'),
    },
    example: {
      product_id: EXAMPLE.product,
      identifier_hash: 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg',
      expires_at: '2027-01-31T09:00:00.000Z',
    },
  }),
];
