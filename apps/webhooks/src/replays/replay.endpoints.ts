import Type, { type Static } from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, Int, Nullable, Page, PageQuery, StrictObject, Timestamp } from '#platform/http/schemas';
import { NOT_FOUND, params } from '../endpoints/endpoint.endpoints.ts';
import { REPLAY_STATUSES } from './replay.table.ts';

const TAG = 'Webhooks';
const Position = Int(0, Number.MAX_SAFE_INTEGER);
const Status = Type.Enum([...REPLAY_STATUSES]);

export const Replay = StrictObject(
  {
    id: Id('rpl'),
    webhook_id: Id('whk'),
    kind: Type.Enum(['everything', 'failed'], {
      description:
        '`everything`: all events that the webhook wants, also those that it was never sent. `failed`: deliveries that were given up.',
    }),
    failed_since: Nullable(Timestamp),
    status: Status,
    from_position: Position,
    to_position: { ...Position, description: 'Where events stood when the replay was asked for; later ones are live.' },
    position: { ...Position, description: 'Events up to here have been queued, or need not be.' },
    deliveries: StrictObject(
      { pending: Int(0, 2_147_483_647), succeeded: Int(0, 2_147_483_647), failed: Int(0, 2_147_483_647) },
      { description: 'What became of those that it has queued so far.' },
    ),
    created_at: Timestamp,
    finished_at: Nullable(Timestamp),
  },
  { $id: 'WebhookReplay' },
);
export type Replay = Static<typeof Replay>;

const replayParams = StrictObject({ id: Id('whk'), replay_id: Id('rpl') });
const REPLAY_NOT_FOUND = { status: 404, code: 'REPLAY_NOT_FOUND' };
const REPLAY_ENDED = { status: 409, code: 'REPLAY_ENDED' };
const answer = (status: number, description: string) => ({ [status]: { description, schema: Replay } });

export const createReplay = endpoint({
  method: 'POST',
  path: '/admin/webhooks/:id/replays',
  operation: 'createWebhookReplay',
  tag: TAG,
  summary:
    'Send a webhook again what happened since a time or position, or what failed since a time; live events go first',
  auth: 'admin',
  params,
  body: Type.Object(
    {
      since: Type.Optional({ ...Timestamp, description: 'Every event that the webhook wants, taken in since then.' }),
      from_position: Type.Optional({
        ...Position,
        description: 'Every event that the webhook wants, from this position on.',
      }),
      failed_since: Type.Optional({ ...Timestamp, description: 'Deliveries that were given up since then.' }),
    },
    { additionalProperties: false, minProperties: 1, maxProperties: 1 },
  ),
  answers: answer(202, 'The replay, which is running. What is older than is kept is not in it.'),
  problems: [NOT_FOUND, { status: 409, code: 'WEBHOOK_DISABLED' }, { status: 409, code: 'REPLAY_UNDER_WAY' }],
});

export const listReplays = endpoint({
  method: 'GET',
  path: '/admin/webhooks/:id/replays',
  operation: 'listWebhookReplays',
  tag: TAG,
  summary: 'List the replays of a webhook, newest first',
  auth: 'admin',
  params,
  query: PageQuery({ status: Type.Optional(Status) }),
  answers: { 200: { description: 'A page of replays.', schema: Page(Replay) } },
  problems: [NOT_FOUND],
});

export const readReplay = endpoint({
  method: 'GET',
  path: '/admin/webhooks/:id/replays/:replay_id',
  operation: 'readWebhookReplay',
  tag: TAG,
  summary: 'Read a replay and how far it is',
  auth: 'admin',
  params: replayParams,
  answers: answer(200, 'The replay.'),
  problems: [NOT_FOUND, REPLAY_NOT_FOUND],
});

const change = (verb: 'pause' | 'resume' | 'cancel', operation: string, summary: string) =>
  endpoint({
    method: 'POST',
    path: `/admin/webhooks/:id/replays/:replay_id/${verb}`,
    operation,
    tag: TAG,
    summary,
    auth: 'admin',
    params: replayParams,
    answers: answer(200, 'The replay.'),
    problems: [NOT_FOUND, REPLAY_NOT_FOUND, REPLAY_ENDED],
  });

export const pauseReplay = change(
  'pause',
  'pauseWebhookReplay',
  'Hold a replay: what it has queued and is not being sent at this moment is taken back',
);
export const resumeReplay = change('resume', 'resumeWebhookReplay', 'Let a replay that was held go on');
export const cancelReplay = change(
  'cancel',
  'cancelWebhookReplay',
  'End a replay: what it has queued and is not being sent at this moment is taken back',
);
