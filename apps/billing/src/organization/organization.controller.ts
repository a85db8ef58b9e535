import { Controller, Inject } from '@nestjs/common';
import {
  decideOrganization,
  ORGANIZATION,
  ORGANIZATION_DEFAULTS,
  type OrganizationState,
  organizationStream,
} from '#domain/billing/organization/organization';
import { refuseOrganization } from '#domain/billing/organization/organization.errors';
import type { EventStore } from '#events/store';
import { systemWide } from '#platform/auth/principal';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { etag } from '#platform/http/preconditions';
import { EVENT_STORE } from '#platform/service';
import { readOrganization, setOrganization } from './organization.endpoints.ts';

@Controller()
export class OrganizationController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Endpoint(readOrganization)
  async read(call: Call<typeof readOrganization>): Promise<Answer> {
    systemWide(call.principal);
    return shown(await this.store.load(organizationStream, ORGANIZATION));
  }

  @Endpoint(setOrganization)
  async set(call: Call<typeof setOrganization>): Promise<Answer> {
    systemWide(call.principal);
    const { bank = null, ...fields } = call.body;
    const organization = { ...EMPTY, ...fields, bank: bank && { bic: null, name: null, ...bank } };
    const outcome = await this.store.handle(
      organizationStream,
      ORGANIZATION,
      (state) => decideOrganization({ type: 'SetOrganization', organization }, state),
      { metadata: call.metadata(), ...(call.if_match && { expectedVersion: call.if_match }) },
    );
    return shown(outcome);
  }
}

const EMPTY = { ...ORGANIZATION_DEFAULTS, address: {}, tax_ids: [], email: null, phone: null, footer: null };

const shown = ({ state, version }: { readonly state: OrganizationState; readonly version: number }): Answer => {
  if (state.status === 'none') return refuseOrganization('ORGANIZATION_NOT_FOUND');
  const { status: _status, ...organization } = state;
  return new Answer(200, organization, { etag: etag(version) });
};
