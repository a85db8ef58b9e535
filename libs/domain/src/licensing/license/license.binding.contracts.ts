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
    description: 'A license was used for the first time, and serves nobody else from then on.',
    fields: of,
    example,
  }),
  contract({
    type: 'license.unbound',
    service,
    subject,
    description: 'An administrator undid what a license was bound to: the next use binds it anew.',
    fields: { ...of, reason: orNull(text('Why, in the words of whoever did it.')) },
    example: { ...example, reason: 'new computer' },
  }),
];
