import Type from 'typebox';
import { contract, EXAMPLE, orNull, text } from '../../shared/contract.ts';
import { BINDINGS } from './license.binding.ts';

const service = 'licensing';
const subject = EXAMPLE.license;
const of = {
  product_id: text('The product of the license.'),
  binding: Type.Enum([...BINDINGS], { description: 'One device or user, or one e-mail address or public key.' }),
};
const example = { product_id: EXAMPLE.product, binding: 'fingerprint' } as const;

export const licenseBindingContracts = [
  contract({
    type: 'license.bound',
    service,
    subject,
    description: 'A license was bound at its first use: from then on it refuses every other device, user or identity.',
    fields: of,
    example,
  }),
  contract({
    type: 'license.unbound',
    service,
    subject,
    description: 'An administrator removed a binding of a license: the next use binds it again.',
    fields: { ...of, reason: orNull(text('The reason that was given, as free text.')) },
    example: { ...example, reason: 'new computer' },
  }),
];
