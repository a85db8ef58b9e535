import type { Time } from '../../shared/time.ts';
import { unbind } from './license.binding.rules.ts';
import { refuse } from './license.errors.ts';
import type { Description, License, LicenseEvent } from './license.ts';

/** The fields that identify the owner of a license. */
type Owner = Pick<Description, 'name' | 'org_name' | 'external_customer_id' | 'external_workspace_id'>;

/**
 * Gives a license to another person or organization. A field that is undefined keeps its value if the person stays the same;
 * otherwise it becomes empty.
 */
export type TransferLicense = {
  readonly type: 'TransferLicense';
  readonly customer_id: string;
  readonly email: string;
  readonly release_activations: boolean;
  readonly reason: string | null;
  readonly now: Time;
} & { readonly [Field in keyof Owner]: Owner[Field] | undefined };

/**
 * Allowed in every state but revoked: a suspended or expired license may be sold or inherited too. Its key stays the same, and
 * so do its activations, unless the command releases them. A transfer to another person removes the bindings. A trial counts
 * for the new owner as it did for the previous one.
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

/** If the person stays the same, also removes the device binding. A transfer to another person removes it in any case. */
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
