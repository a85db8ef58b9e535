import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Int, StrictObject } from '#platform/http/schemas';
import { NOT_FOUND, params } from '../endpoints/endpoint.endpoints.ts';

export const pollWebhook = endpoint({
  method: 'GET',
  path: '/admin/webhooks/:id/poll',
  operation: 'pollWebhook',
  tag: 'Webhooks',
  summary: 'Fetch the events that a webhook wants, oldest first, for consumers that cannot be sent to',
  auth: 'admin',
  params,
  query: StrictObject({
    cursor: Type.Optional(
      Type.String({
        maxLength: 200,
        description: '`next_cursor` of the call before. Left out: from the oldest event that is kept.',
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
  }),
  answers: {
    200: {
      description: 'What comes next. A webhook may be polled whether it is active or not.',
      schema: StrictObject({
        data: Type.Array(
          Type.Record(Type.String(), Type.Unknown(), {
            description:
              'A CloudEvent 1.0 in its JSON form, in the shapes of the version that the webhook is pinned to.',
          }),
        ),
        next_cursor: Type.String({
          description:
            'Goes on from here; to be kept once the events have had their effect. The same cursor gives the same events.',
        }),
        has_more: Type.Boolean({ description: 'Whether to ask again at once, also where `data` is empty.' }),
        position: Int(0, Number.MAX_SAFE_INTEGER),
      }),
    },
  },
  problems: [NOT_FOUND, { status: 410, code: 'CURSOR_TOO_OLD' }],
});
