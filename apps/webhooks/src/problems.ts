import type { ServiceProblems } from '#platform/service';

/** What the routes of webhooks refuse, beside the rules. */
export const webhookProblems: ServiceProblems = {
  ADDRESS_REFUSED: {
    status: 400,
    message:
      'Webhooks may not be sent to this address: it is private, reserved or written in a way that hides what it is.',
    remedy: 'Use a public https address, or have the operator allow the network in `KEYLEDGER_WEBHOOK_ALLOW_CIDRS`.',
  },
  WEBHOOK_HANDSHAKE_REFUSED: {
    status: 400,
    message: 'The endpoint was asked whether it wants webhooks, and did not consent.',
    remedy: 'Have it answer OPTIONS with `WebHook-Allowed-Origin`, or make the webhook without the hand-shake.',
  },
  DELIVERY_NOT_FOUND: {
    status: 404,
    message: 'The endpoint has no such delivery.',
    remedy: 'List the deliveries of the endpoint; old ones are removed with their time.',
  },
  REPLAY_NOT_FOUND: {
    status: 404,
    message: 'The endpoint has no such replay.',
    remedy: 'List the replays of the endpoint.',
  },
  WEBHOOK_DISABLED: {
    status: 409,
    message: 'The webhook is switched off: nothing is sent to it.',
    remedy: 'Switch it on with `PATCH {"active": true}`; what it missed can be replayed then.',
  },
  REPLAY_UNDER_WAY: {
    status: 409,
    message: 'The endpoint has a replay that has not ended.',
    remedy: 'Wait for it, or cancel it.',
  },
  REPLAY_ENDED: {
    status: 409,
    message: 'The replay has ended, one way or the other.',
    remedy: 'Begin another one.',
  },
  CURSOR_TOO_OLD: {
    status: 410,
    message: 'What came after this cursor is not kept any more, or not all of it.',
    remedy: 'Ask without a cursor for all that there is, and bring what was missed in by the API.',
  },
};
