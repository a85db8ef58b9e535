import Type, { type Static } from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, Page, PageQuery, StrictObject, Timestamp } from '#platform/http/schemas';
import { FOREIGN_REASONS } from './door.ts';
import { PROVIDER_EVENT_STATUSES } from './provider-event.table.ts';

const TAG = 'Provider events';
const auth = 'billing:write';

const Status = Type.Enum([...PROVIDER_EVENT_STATUSES], {
  description:
    '`received`: it is applied soon, or once the provider is supported. `applied`: see `effect`. `ignored`: nothing depends on it, or it is not ours (`reason`). `waiting`: for what it refers to; it is tried again when that appears. `failed`: it is tried again by itself. `dead`: after 30 days it is only tried again when it is retried.',
});

export const ProviderEvent = StrictObject(
  {
    id: Id('pev'),
    provider: Type.String(),
    event_id: Type.String({ description: 'The id that the provider gave it.' }),
    type: Type.String({ examples: ['invoice.paid'] }),
    object: Nullable(
      StrictObject(
        { kind: Type.String(), id: Type.String() },
        { description: 'What it is about; null = nothing with an id.' },
      ),
    ),
    account: Nullable(Type.String({ description: 'The account that it names.' })),
    livemode: Type.Boolean({ description: 'Whether it is about live data.' }),
    created_at: Timestamp,
    api_version: Nullable(Type.String()),
    shape: Type.Enum(['snapshot', 'thin']),
    deliveries: Type.Integer({ minimum: 1, description: 'How often it was sent.' }),
    status: Status,
    reason: Nullable(
      Type.Enum([...FOREIGN_REASONS], {
        description: 'Why it is not ours: of another account, or of live or test data.',
      }),
    ),
    effect: Type.Array(Type.String(), { description: 'What was done.' }),
    waits_for: Nullable(Type.String()),
    attempts: Type.Integer({ minimum: 0 }),
    last_error: Nullable(Type.String()),
    next_attempt_at: Nullable(Timestamp),
    received_at: Timestamp,
    applied_at: Nullable(Timestamp),
  },
  { $id: 'ProviderEvent' },
);
export type ProviderEvent = Static<typeof ProviderEvent>;

export const listProviderEvents = endpoint({
  method: 'GET',
  path: '/admin/provider-events',
  operation: 'listProviderEvents',
  tag: TAG,
  summary: 'List the events that payment providers sent, newest first',
  auth,
  query: PageQuery({
    provider: Type.Optional(Type.String({ minLength: 1, maxLength: 63, examples: ['stripe'] })),
    status: Type.Optional(Status),
  }),
  answers: { 200: { description: 'A page of events.', schema: Page(ProviderEvent) } },
  problems: [],
});

export const retryProviderEvent = endpoint({
  method: 'POST',
  path: '/admin/provider-events/:id/retry',
  operation: 'retryProviderEvent',
  tag: TAG,
  summary: 'Apply an event of a provider now, also one that was given up or applied before',
  auth,
  params: StrictObject({ id: Id('pev') }),
  answers: { 200: { description: 'The event, which is applied soon.', schema: ProviderEvent } },
  problems: [
    { status: 404, code: 'PROVIDER_EVENT_NOT_FOUND' },
    { status: 409, code: 'PROVIDER_EVENT_FOREIGN' },
  ],
});
