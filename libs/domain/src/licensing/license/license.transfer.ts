import type { Time } from '../../shared/time.ts';
import { unbind } from './license.binding.rules.ts';
import { refuse } from './license.errors.ts';
import type { Description, License, LicenseEvent } from './license.ts';

/** What says whose a license is. */
type Owner = Pick<Description, 'name' | 'org_name' | 'external_customer_id' | 'external_workspace_id'>;

/** Gives a license to another person or organization. What is undefined stays while the person is the same, and else is empty. */
export type TransferLicense = {
  readonly type: 'TransferLicense';
  readonly customer_id: string;
  readonly email: string;
  readonly release_activations: boolean;
  readonly reason: string | null;
  readonly now: Time;
} & { readonly [Field in keyof Owner]: Owner[Field] | undefined };

/**
 * Allowed in every state but one: a suspended or expired license may be sold or inherited too. Its key stays the same, and so
 * do its activations, unless they are to be released. Another person is bound to nothing yet. A trial counts for its new
 * owner as it did for the one before.
 */
export const transfer = (command: TransferLicense, state: License): readonly LicenseEvent[] => {
  if (state.status === 'revoked') return refuse('LICENSE_REVOKED');
  const { customer_id, email, reason } = command;
  const { product_id } = state;
  const owner = newOwner(command, state);
  const stays = customer_id === state.customer_id && FIELDS.every((field) => owner[field] === state[field]);
  const released = command.release_activations ? releases(command, state) : [];
  if (stays) return released;
  const tries = state.trial && !state.trial_customers.has(customer_id);
  return [
    {
      type: 'license.transferred',
      product_id,
      customer_id,
      previous_customer_id: state.customer_id,
      email,
      ...owner,
      reason,
    },
    ...(tries ? [{ type: 'license.trial_started', product_id, customer_id } as const] : []),
    ...released,
  ];
};

const FIELDS = ['name', 'org_name', 'external_customer_id', 'external_workspace_id'] as const;

const newOwner = (command: TransferLicense, state: License): Owner => {
  const same = command.customer_id === state.customer_id;
  const of = (field: keyof Owner): string | null => {
    const given = command[field];
    if (given !== undefined) return given;
    return same ? state[field] : null;
  };
  return {
    name: of('name'),
    org_name: of('org_name'),
    external_customer_id: of('external_customer_id'),
    external_workspace_id: of('external_workspace_id'),
  };
};

/** The same person's license is free for another first device too; another person's is so in any case. */
const releases = ({ customer_id, reason, now }: TransferLicense, state: License): LicenseEvent[] => [
  ...[...state.activations].map(([identifier_hash, { activation_id }]): LicenseEvent => ({
    type: 'activation.removed',
    product_id: state.product_id,
    activation_id,
    identifier_hash,
    reason: 'operator',
    removed_at: now,
  })),
  ...(customer_id === state.customer_id ? unbind({ binding: 'fingerprint', reason }, state) : []),
];
