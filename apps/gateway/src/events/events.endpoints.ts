import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Nullable, StrictObject, Timestamp } from '#platform/http/schemas';
import { LONGEST_CURSOR } from './event-cursor.ts';

const TAG = 'Events';

const Event = StrictObject(
  {
    specversion: Type.Literal('1.0'),
    id: Type.String({ description: 'Unique forever: an event that is delivered again has the same id.' }),
    source: Type.String({ examples: ['keyledger/licensing'] }),
    type: Type.String({ examples: ['license.created'] }),
    subject: Type.String({ description: 'Id of the aggregate.' }),
    time: Timestamp,
    datacontenttype: Type.Literal('application/json'),
    dataschema: Type.String({ description: 'Name of the schema of `data` in the catalog.' }),
    streamversion: Type.Integer({ minimum: 1, description: '1, 2, 3 … within the subject.' }),
    position: Type.Integer({ minimum: 1, description: 'Place in the log of its service.' }),
    traceparent: Type.Optional(Type.String()),
    correlationid: Type.String(),
    actortype: Type.Enum(['user', 'api_key', 'license', 'system', 'provider']),
    actorid: Type.String(),
    data: Type.Record(Type.String(), Type.Unknown(), { description: 'As the catalog describes the type.' }),
  },
  { $id: 'Event', description: 'A CloudEvent 1.0 in its JSON form.' },
);

const filters = {
  types: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 2_000,
      pattern: '^[a-z_.*, ]+$',
      description: 'Event types, separated by commas; `license.*` matches all types with this prefix.',
      examples: ['license.*,plan.changed'],
    }),
  ),
  subject: Type.Optional(
    Type.String({ pattern: '^[\\x21-\\x7e]{1,255}$', description: 'Id of the one aggregate whose events are wanted.' }),
  ),
};

const after = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: LONGEST_CURSOR, description }));

const AWAY = [
  { status: 502, code: 'SERVICE_UNAVAILABLE' },
  { status: 504, code: 'SERVICE_TIMEOUT' },
];

export const listEvents = endpoint({
  method: 'GET',
  path: '/events',
  operation: 'listEvents',
  tag: TAG,
  summary: 'Events of all services, oldest first: each service’s events in the order of its log',
  auth: 'admin',
  query: StrictObject({
    after: after('`next_cursor` of the previous page; `latest` = only new events. Default: from the beginning.'),
    ...filters,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  }),
  answers: {
    200: {
      description: 'Events. While `has_more` is true there is more to read, even when a page is empty.',
      schema: StrictObject({ data: Type.Array(Event), next_cursor: Nullable(Type.String()), has_more: Type.Boolean() }),
    },
  },
  problems: [{ status: 400, code: 'INVALID_CURSOR' }, ...AWAY],
});

export const streamEvents = endpoint({
  method: 'GET',
  path: '/events/stream',
  operation: 'streamEvents',
  tag: TAG,
  summary: 'Live stream of events: server-sent events whose `data` is a CloudEvent and whose `id` is the cursor',
  auth: 'admin',
  query: StrictObject({
    after: after('A cursor; `beginning` = all events. Default: only new events.'),
    ...filters,
  }),
  headers: { 'Last-Event-ID': 'The `id` of the last event received; it overrides `after`.' },
  answers: {
    200: {
      description: 'The stream. It ends when the key is revoked or the instance stops: reconnect with the last `id`.',
      schema: Type.String(),
      media: 'text/event-stream',
    },
  },
  problems: [{ status: 400, code: 'INVALID_CURSOR' }, { status: 429, code: 'TOO_MANY_STREAMS' }, ...AWAY],
});
