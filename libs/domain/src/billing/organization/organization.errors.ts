import { refuser, type Refusals } from '../../shared/refusal.ts';

export type OrganizationRefusal =
  'ORGANIZATION_REQUIRED' | 'ORGANIZATION_NOT_FOUND' | 'INVALID_ORGANIZATION' | 'INVALID_BANK_ACCOUNT';

export const organizationRefusals: Refusals<OrganizationRefusal> = {
  ORGANIZATION_REQUIRED: {
    status: 409,
    message: 'An invoice needs a seller: set the organization first (PUT /admin/organization).',
  },
  ORGANIZATION_NOT_FOUND: { status: 404, message: 'The organization has not been set yet.' },
  INVALID_ORGANIZATION: { status: 400, message: 'A field of the organization is not valid.' },
  INVALID_BANK_ACCOUNT: {
    status: 400,
    message: 'The length, the checksum or the form of the IBAN or the BIC is wrong.',
  },
};

export const refuseOrganization: (code: OrganizationRefusal, extensions?: Readonly<Record<string, unknown>>) => never =
  refuser(organizationRefusals);
