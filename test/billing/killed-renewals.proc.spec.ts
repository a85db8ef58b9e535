import type { ChildProcess } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import pg from 'pg';
import { billingService } from '../../apps/billing/src/billing.module.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { eventually, startApp, type TestApp } from '../support/app.ts';
import { startAndWaitFor, stop } from '../support/children.ts';
import { PROCESS } from '../support/instance.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { migratedDatabase } from '../support/service-database.ts';
import { checkBooks } from './checker.ts';
import { type Fields, openBooks, price, sell } from './harness.ts';

const SERVICES = [gatewayService, licensingService, billingService];
const SUBSCRIPTIONS = 48;
const START = '2027-01-31T10:00:00.000Z';
/** The period that is renewed while processes are killed. */
const PERIOD = { start: '2027-02-28T10:00:00.000Z', end: '2027-03-31T10:00:00.000Z' };
/** Invoices are due after 14 days: so long a license works without the payment. */
const FIRST_DUE = '2027-02-14T10:00:00.000Z';
const DUE = '2027-03-14T10:00:00.000Z';

/** The processes are killed when so much of their work is done. */
const KILLS = { swept: [0.02, 0.4, 0.7], paid: [0.4], heardOfInvoices: [0.5], heardOfPayments: [0.5] };
/** A renewal writes this many events: the renewal, the number and the invoice. */
const STEPS = 3;

/** Runs one service in its own process, on the same port each time. */
class Killable {
  #child: ChildProcess | undefined;

  private constructor(
    private readonly name: string,
    private readonly port: number,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  static async start(name: string, env: Readonly<Record<string, string>>): Promise<Killable> {
    const service = new Killable(name, await freePort(), env);
    await service.start();
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const env = { ...process.env, ...this.env, PORT: String(this.port) };
    const { child } = await startAndWaitFor([...PROCESS, this.name], /Server listening/, env);
    this.#child = child;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child !== undefined) await stop(this.#child, signal);
  }
}

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
};

describe('renewals whose processes are killed', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let app: TestApp;
  let billing: Killable;
  let licensing: Killable;
  const subscriptions: Fields[] = [];
  /** The position in billing's log at which the renewals begin. */
  let start = 0;
  /** How many steps of the renewals each kill has left. */
  const left: number[] = [];

  const moveTo = (to: string) => app.call('POST', '/admin/test-clock', { to });
  const column = async (sql: string, values: readonly unknown[] = []): Promise<unknown[]> =>
    (await pool.query<{ value: unknown }>(sql, [...values])).rows.map(({ value }) => value);
  const count = async (sql: string, values: readonly unknown[] = []): Promise<number> =>
    Number((await column(`select count(*) as value from ${sql}`, values))[0]);
  /** How many events of a type there are for a period, and of how many subscriptions. `of` tells the subscription. */
  const perSubscription = (of: string, type: string, period_start: string): Promise<unknown[]> =>
    column(
      `select array[count(*), count(distinct ${of})]::int[] as value from billing.events
       where type = $1 and data ->> 'period_start' = $2`,
      [type, period_start],
    );
  const swept = (): Promise<number> =>
    count(
      `billing.events where type in ('subscription.renewal_invoiced', 'number.assigned', 'invoice.finalized')
        and position > $1`,
      [start],
    );
  const paid = (): Promise<number> => count(`billing.events where type = 'invoice.paid' and position > $1`, [start]);
  const heard = (valid_until: string): Promise<number> =>
    count(`licensing.events where type = 'license.renewed' and data ->> 'valid_until' = $1`, [valid_until]);

  /** Kills a process each time that so much is done, and starts it again. */
  const killAt = async (service: Killable, done: () => Promise<number>, parts: readonly number[], all: number) => {
    for (const part of parts) {
      // The work is over within a second: it is looked at without pauses.
      await eventually(async () => {
        for (let look = 0; look < 100; look++) if ((await done()) >= part * all) return true;
        return false;
      });
      await service.end('SIGKILL');
      if (done === swept) left.push(all - (await done()));
      // What a call has begun is left to it for some seconds. Its process has been killed, so they need not be waited for.
      await pool.query(`
        update billing.uninvoiced_charges set since = since - interval '1 hour';
        update billing.unfinished_documents set since = since - interval '1 hour';
        update billing.idempotency_claims set claimed_until = claimed_until - interval '1 hour'`);
      await service.start();
    }
  };

  /** Calls until it is answered, as a caller does whose connection broke: with the same Idempotency-Key. */
  const insist = (path: string, key: string, body: Fields): Promise<Fields> =>
    eventually(async () => {
      const reply = await app.call('POST', path, body, { 'idempotency-key': key });
      if (reply.status < 300) return reply.body as Fields;
      const isPassing = reply.status >= 500 || reply.body.code === 'IDEMPOTENCY_IN_PROGRESS';
      if (!isPassing) throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
      return undefined;
    });
  /** The latest invoice of each subscription. */
  const latest = (): Promise<string[]> =>
    Promise.all(
      subscriptions.map(async ({ id }) => {
        const { body } = await app.call('GET', `/subscriptions/${String(id)}`);
        return String((body as Fields)['latest_invoice_id']);
      }),
    );
  const payAll = (invoices: readonly string[]): Promise<unknown> =>
    Promise.all(
      invoices.map((id) =>
        insist(`/admin/invoices/${id}/mark-paid`, id, { method: 'bank_transfer', reference: `statement of ${id}` }),
      ),
    );

  beforeAll(async () => {
    database = await migratedDatabase(SERVICES);
    pool = new pg.Pool({ ...database.config, max: 2 });
    const env = {
      DATABASE_URL: database.url,
      KEYLEDGER_MASTER_KEY: Buffer.alloc(32, 42).toString('base64'),
      KEYLEDGER_TEST_CLOCK: 'on',
      KEYLEDGER_BILLING_MAILS: 'off',
      KAFKA_BROKERS: '',
    };
    [billing, licensing] = await Promise.all([Killable.start('billing', env), Killable.start('licensing', env)]);
    app = await startApp({
      services: [gatewayService],
      product: SERVICES,
      databaseUrl: database.url,
      env: { ...env, KEYLEDGER_BILLING_URL: billing.url, KEYLEDGER_LICENSING_URL: licensing.url },
    });
    await moveTo(START);
    await openBooks(app);
    const price_id = await price(app, await sell(app, { activate_on: 'invoice' }));
    const subscribers = Array.from({ length: SUBSCRIPTIONS }, (_, n) => `acme/${n}`);
    subscriptions.push(
      ...(await Promise.all(
        subscribers.map((subscriber, n) =>
          insist('/subscriptions', subscriber, {
            subscriber,
            email: `${n}@example.com`,
            provider: 'bank_transfer',
            price_id,
          }),
        ),
      )),
    );
    await payAll(await latest());
    await moveTo(START);
    start = Number((await column('select max(position) as value from billing.events'))[0]);
  });
  afterAll(async () => {
    await app?.close();
    await Promise.all([billing?.end('SIGTERM'), licensing?.end('SIGTERM')]);
    await pool?.end();
    await database?.drop();
  });

  it('are invoiced once each, with numbers without gaps', async () => {
    void moveTo(PERIOD.start);
    await Promise.all([
      killAt(billing, swept, KILLS.swept, SUBSCRIPTIONS * STEPS),
      killAt(licensing, () => heard(DUE), KILLS.heardOfInvoices, SUBSCRIPTIONS),
    ]);
    expect((await moveTo(PERIOD.start)).status).toBe(200);
    await eventually(async () => (await count('billing.uninvoiced_charges')) === 0);
    // The kills came in the middle of the work.
    expect(left.filter((steps) => steps > 0)).not.toEqual([]);
    const once = [[SUBSCRIPTIONS, SUBSCRIPTIONS]];
    expect(await perSubscription('stream_id', 'subscription.renewal_invoiced', PERIOD.start)).toEqual(once);
    expect(await perSubscription(`data ->> 'subscription_id'`, 'invoice.finalized', PERIOD.start)).toEqual(once);
    expect(
      await column(`select data ->> 'number' as value from billing.events where type = 'invoice.finalized' order by 1`),
    ).toEqual(Array.from({ length: 2 * SUBSCRIPTIONS }, (_, n) => `INV-2027-${String(n + 1).padStart(5, '0')}`));
  });

  it('are paid once each, and give each license one term', async () => {
    await Promise.all([
      latest().then(payAll),
      killAt(billing, paid, KILLS.paid, SUBSCRIPTIONS),
      killAt(licensing, () => heard(PERIOD.end), KILLS.heardOfPayments, SUBSCRIPTIONS),
    ]);
    expect((await moveTo(PERIOD.start)).status).toBe(200);
    expect([await paid(), await count(`billing.events where type = 'payment.succeeded'`)]).toEqual([
      SUBSCRIPTIONS,
      2 * SUBSCRIPTIONS,
    ]);
    const once = [[SUBSCRIPTIONS, SUBSCRIPTIONS]];
    expect(await perSubscription('stream_id', 'subscription.renewed', PERIOD.start)).toEqual(once);
    const terms = await column(`
      select jsonb_build_object('terms', jsonb_agg(e.data -> 'valid_until' order by e.version),
        'until', l.valid_until at time zone 'utc', 'status', l.status) as value
      from licensing.licenses l
      join licensing.events e on e.stream_id = l.id and e.type in ('license.created', 'license.renewed')
      group by l.id`);
    const term = {
      terms: [FIRST_DUE, PERIOD.start, DUE, PERIOD.end],
      until: PERIOD.end.slice(0, 19),
      status: 'active',
    };
    expect(terms).toEqual(Array.from({ length: SUBSCRIPTIONS }, () => term));
  });

  it('leave books in which everything adds up', async () => {
    await checkBooks({ databaseUrl: database.url, config: app.config, clock: { now: () => new Date(PERIOD.start) } });
  });
});
