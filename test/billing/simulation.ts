import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import type { Time } from '#domain/shared/time';
import { wakeWork } from '#platform/background/wake-work';
import type { TestClock } from '#platform/clock/test-clock';
import type { TestApp } from '../support/app.ts';
import { type Fields, subscribe } from './harness.ts';

/** An event of billing with the business time at which it happened. */
export interface Happened extends Fields {
  readonly at: Time;
  readonly stream: string;
  readonly type: string;
}

/** Something that is done at a business time. */
export type Step = readonly [at: Time, act: () => Promise<unknown>];

/** Time for billing between two looks, in milliseconds, and the number of looks after which a test fails. */
const WAKE_MS = 10;
const LOOKS = 1_000;

/** What billing waits for at a time: nothing of it is left when the clock moves on. */
const UNDONE = `
  select s.id from subscriptions s where s.due_at <= $1
  union all select invoice_id from uninvoiced_charges
  union all select document_id from unfinished_documents
  union all select i.id from invoices i where i.next_attempt_at <= $1
  union all select i.id from invoices i
    where i.status = 'open' and not i.overdue and i.due_at < $1 and i.next_attempt_at is null
      and (i.attempt > 0 or i.provider = 'bank_transfer')
  union all select i.id from invoices i join subscriptions s on s.id = i.subscription_id
    where s.state->'unpaid' ? i.id and (
      i.status in ('paid', 'void')
      or (i.overdue or i.attempt > 0) and i.status = 'open'
        and s.status in ('active', 'past_due', 'paused') and not s.state->'overdue' ? i.id
      or i.status = 'open' and s.status in ('canceled', 'expired'))`;

const NEXT = `
  select least(
    (select min(due_at) from subscriptions where due_at > $1),
    (select min(next_attempt_at) from invoices where next_attempt_at > $1),
    (select min(due_at) + interval '1 millisecond' from invoices
      where status = 'open' and not overdue and provider = 'bank_transfer' and due_at >= $1)) as at`;

/** Months and years of billing, from one due time to the next. */
export class Simulation {
  readonly happened: Happened[] = [];
  /** Subscriptions by the name that the test gives them. */
  readonly subscriptions: Record<string, Fields> = {};
  #position = 0;

  /** @param pool finds the tables of billing */
  constructor(
    readonly app: TestApp,
    readonly pool: pg.Pool,
    readonly clock: TestClock,
  ) {}

  now(): Time {
    return this.clock.now().toISOString();
  }

  /** Does the steps in the order of their times, and all that falls due between them. Steps at the same time keep their order. */
  async run(steps: readonly Step[]): Promise<void> {
    for (const [at, act] of steps.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
      await this.passTo(at);
      await act();
    }
    await this.settle();
  }

  /** Moves the clock from one due time to the next, until `to`. */
  async passTo(to: Time): Promise<void> {
    await this.settle();
    for (;;) {
      const { rows } = await this.pool.query<{ at: Date | null }>(NEXT, [this.clock.now()]);
      const [{ at } = { at: null }] = rows;
      if (at === null || at.toISOString() > to) break;
      this.clock.moveTo(at);
      await this.settle();
    }
    this.clock.moveTo(new Date(to));
    await this.settle();
  }

  /** Waits until all is done that is due now, and notes what has happened. */
  async settle(): Promise<void> {
    const undone = async (): Promise<boolean> => {
      await wakeWork(this.pool, 'billing', '');
      await setTimeout(WAKE_MS);
      return (await this.pool.query(UNDONE, [this.clock.now()])).rows.length > 0;
    };
    // One work makes what another one does: an invoice that was issued is collected.
    for (let looks = 0; await undone(); looks++)
      if (looks > LOOKS) throw new Error(`${this.now()}: something stays undone`);
    const { rows } = await this.pool.query<{ position: string; stream_id: string; type: string; data: Fields }>(
      `select position, stream_id, type, data from events where position > $1 order by position`,
      [this.#position],
    );
    for (const { position, stream_id: stream, type, data } of rows) {
      this.#position = Number(position);
      this.happened.push({ ...data, at: this.now(), stream, type });
    }
  }

  /** Subscribes with a payment provider that charges at once, and gives the subscription a name. */
  async start(name: string, over: Fields): Promise<Fields> {
    const { status, body } = await subscribe(this.app, { provider: 'hyperswitch', ...over });
    if (status !== 201) throw new Error(`${name}: ${status} ${JSON.stringify(body)}`);
    return (this.subscriptions[name] = body as Fields);
  }

  named(name: string): Fields {
    const found = this.subscriptions[name];
    if (found === undefined) throw new Error(`there is no subscription ${name}`);
    return found;
  }

  async post(name: string, action: string, body: Fields = {}): Promise<Fields> {
    const reply = await this.app.call('POST', `/subscriptions/${String(this.named(name)['id'])}/${action}`, body);
    if (reply.status !== 200) throw new Error(`${name} ${action}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body as Fields;
  }

  /** The events of a subscription; of all types if none is given. */
  of(name: string, ...types: string[]): Happened[] {
    const { id } = this.named(name);
    return this.happened.filter(
      ({ stream, type }) =>
        stream === id && (types.length === 0 || types.some((one) => type === `subscription.${one}`)),
    );
  }

  /** How often each event of a subscription happened. */
  counts(name: string): Record<string, number> {
    return Object.fromEntries(
      [...Map.groupBy(this.of(name), ({ type }) => type)].map(([type, events]) => [
        type.replace('subscription.', ''),
        events.length,
      ]),
    );
  }

  /** Starts of all periods of a subscription. */
  starts(name: string): unknown[] {
    return this.of(name, 'activated', 'renewal_invoiced').map((event) => event['period_start']);
  }

  invoices(name: string): Happened[] {
    const { id } = this.named(name);
    return this.happened.filter((event) => event.type === 'invoice.finalized' && event['subscription_id'] === id);
  }

  totals(name: string): unknown[] {
    return this.invoices(name).map((event) => event['total']);
  }
}
