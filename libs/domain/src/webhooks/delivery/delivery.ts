/** `attempts`: all of them failed. `gone`: the endpoint answered 410. `age`: the event is older than events are kept. */
export const EXHAUSTED_REASONS = ['attempts', 'gone', 'age'] as const;
export type ExhaustedReason = (typeof EXHAUSTED_REASONS)[number];

/** The only event of a delivery. Deliveries themselves are not events: there are too many, and no command decides them. */
export interface DeliveryExhausted {
  readonly type: 'webhook.delivery_exhausted';
  readonly product_id: string | null;
  readonly webhook_id: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly reason: ExhaustedReason;
  /** Attempts since it was last queued. */
  readonly attempts: number;
  readonly response_status: number | null;
}

/** One stream per delivery that was ever given up, `dlv_…`. It has no state: no decision depends on its past. */
export const deliveryStream = {
  name: 'delivery',
  initialState: null,
  evolve: (state: null, _: DeliveryExhausted): null => state,
};
