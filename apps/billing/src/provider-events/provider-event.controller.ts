import { Controller } from '@nestjs/common';
import { systemWide } from '#platform/auth/principal';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { listProviderEvents, type ProviderEvent, retryProviderEvent } from './provider-event.endpoints.ts';
import { type ListedEvent, ProviderEvents } from './provider-events.ts';

/** What payment providers sent. Events belong to no product, so keys that are bound to one have no access. */
@Controller()
export class ProviderEventController {
  constructor(private readonly events: ProviderEvents) {}

  @Endpoint(listProviderEvents)
  async list({ query, principal }: Call<typeof listProviderEvents>): Promise<unknown> {
    systemWide(principal);
    const { limit = DEFAULT_LIMIT, cursor, ...wanted } = query;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    return pageOf(await this.events.list(wanted, before, limit + 1), limit, ({ id }) => [id], view);
  }

  @Endpoint(retryProviderEvent)
  async retry({ params, principal }: Call<typeof retryProviderEvent>): Promise<ProviderEvent> {
    systemWide(principal);
    return view(await this.events.retry(params.id));
  }
}

const view = (row: ListedEvent): ProviderEvent => {
  const { id, provider, event_id, type, object_kind: kind, object_id, account, livemode, api_version, shape } = row;
  const { deliveries, status, reason, effect, waits_for, attempts, last_error } = row;
  return {
    ...{ id, provider, event_id, type },
    object: kind === null || object_id === null ? null : { kind, id: object_id },
    ...{ account, livemode, created_at: row.created_at.toISOString(), api_version, shape, deliveries, status, reason },
    effect: [...effect],
    ...{ waits_for, attempts, last_error },
    next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
    received_at: row.received_at.toISOString(),
    applied_at: row.applied_at?.toISOString() ?? null,
  };
};
