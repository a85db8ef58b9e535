import Type from 'typebox';
import { contract, EXAMPLE, orNull, text, time } from '../../shared/contract.ts';
import { EXHAUSTED_REASONS } from '../delivery/delivery.ts';
import { DISABLED_REASONS } from './webhook-endpoint.ts';

const service = 'webhooks';
const product_id = orNull(text('The webhook receives the events of this product; null = of all products.'));
const webhook = 'whk_01jd20a5f7h9k1m3p5r7t9v1x3';

/** The published events of webhooks. They contain no address, no secret and no payload. */
export const webhookContracts = [
  contract({
    type: 'webhook.endpoint_disabled',
    service,
    description:
      'A webhook was disabled: by an operator, because its endpoint answered 410, or because all attempts had failed for five days.',
    subject: webhook,
    fields: {
      product_id,
      reason: Type.Enum([...DISABLED_REASONS], { description: '`operator`, `gone` (410) or `failing`.' }),
      failing_since: orNull(time('When the failures began, if they are the reason.')),
    },
    example: { product_id: EXAMPLE.product, reason: 'failing', failing_since: '2026-01-26T08:12:44.000Z' },
  }),
  contract({
    type: 'webhook.delivery_exhausted',
    service,
    description: 'The delivery of an event was given up. It is retried only on request.',
    subject: 'dlv_01jd20c3e5g7j9m1p3r5t7v9x1',
    fields: {
      product_id,
      webhook_id: text('The webhook.'),
      event_id: text('The event that was not delivered.'),
      event_type: text('The type of that event.'),
      reason: Type.Enum([...EXHAUSTED_REASONS], {
        description:
          '`attempts`: all of them failed. `gone`: the endpoint answered 410. `age`: the event is older than events are kept.',
      }),
      attempts: Type.Integer({ minimum: 0, description: 'Attempts since it was last queued.' }),
      response_status: orNull(Type.Integer({ description: 'The status of the last answer, if there was one.' })),
    },
    example: {
      product_id: EXAMPLE.product,
      webhook_id: webhook,
      event_id: 'evt_01jd20b2d4f6h8k0m2p4r6t8v0',
      event_type: 'license.created',
      reason: 'attempts',
      attempts: 10,
      response_status: 503,
    },
  }),
];
