import { randomUUID } from 'node:crypto';
import { Global, Module } from '@nestjs/common';
import pg from 'pg';
import { Stripe } from 'stripe';
import { request } from 'undici';
import { lockKey } from '#events/leader';
import { eventually, type Reply, startApp, type TestApp } from '../../../../test/support/app.ts';
import { MovableClock } from '../../../../test/support/clock.ts';
import { licensingStandIn } from '../../../../test/support/licensing-log.ts';
import type { TestDatabase } from '../../../../test/support/postgres.ts';
import { migratedDatabase } from '../../../../test/support/service-database.ts';
import { type DatabaseDoor, databaseDoor } from '../../../../test/telemetry/database-door.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { billingService } from '../billing.module.ts';
import { LARGEST_EVENT } from './hook.endpoints.ts';
import { type Applied, PROVIDER_OBSERVERS, type ProviderObserver, type ReceivedEvent } from './observer.ts';
import { ProviderEvents } from './provider-events.ts';
import { PurgeProviderEvents } from './purge-provider-events.ts';

const SERVICES = [gatewayService, licensingStandIn, billingService];
const SECRETS = ['whsec_0ldS3CRET', 'whsec_n3wS3CRET'] as const;
const ENV = {
  KEYLEDGER_STRIPE_API_KEY: 'sk_test_S3CRET',
  KEYLEDGER_STRIPE_WEBHOOK_SECRETS: SECRETS.join(','),
  KEYLEDGER_STRIPE_ACCOUNT: 'acct_1',
};
const EMAIL = 'ada.lovelace@example.org';

type Fields = Record<string, unknown>;
type Behavior = (event: ReceivedEvent) => Promise<Applied> | Applied;

const applied: Applied = { status: 'applied', effect: ['done'] };

/** Stands in for the adapter: it does what a test says for an object, else it has applied the event. */
class TestObserver implements ProviderObserver {
  readonly provider = 'stripe';
  /** Provider's ids of the events, each time that one is applied. */
  readonly seen: string[] = [];
  readonly behaviors = new Map<string, Behavior>();

  async apply(event: ReceivedEvent): Promise<Applied> {
    this.seen.push(event.event_id);
    return (await this.behaviors.get(event.object?.id ?? '')?.(event)) ?? applied;
  }

  times(event_id: unknown): number {
    return this.seen.filter((id) => id === event_id).length;
  }
}

const observer = new TestObserver();

@Global()
@Module({ providers: [{ provide: PROVIDER_OBSERVERS, useValue: [observer] }], exports: [PROVIDER_OBSERVERS] })
class Observers {}

const aSnapshot = (over: Fields = {}): Fields => ({
  id: `evt_${randomUUID()}`,
  object: 'event',
  api_version: '2026-10-28.endive',
  created: 1_793_000_000,
  data: { object: { id: `in_${randomUUID()}`, object: 'invoice', customer_email: EMAIL } },
  livemode: false,
  type: 'invoice.paid',
  ...over,
});
const aThinEvent = (): Fields => ({
  id: `evt_${randomUUID()}`,
  object: 'v2.core.event',
  created: '2026-10-25T10:00:00.123Z',
  livemode: false,
  related_object: { id: `mtr_${randomUUID()}`, type: 'billing.meter', url: '/v1/billing/meters/mtr_1' },
  type: 'v1.billing.meter.error_report_triggered',
});
const about = (id: string, over: Fields = {}): Fields =>
  aSnapshot({ data: { object: { id, object: 'subscription', customer_email: EMAIL } }, ...over });

const sign = (payload: string, secret: string = SECRETS[1], secondsAgo = 0): string =>
  Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: Date.now() / 1_000 - secondsAgo });

interface Sending {
  readonly to?: TestApp;
  readonly signature?: string | undefined;
  readonly headers?: Record<string, string>;
}

describe('the door for events of Stripe', () => {
  let database: TestDatabase;
  let behind: DatabaseDoor;
  let pool: pg.Pool;
  let app: TestApp;
  let second: TestApp;
  const log: string[] = [];
  const signatures: string[] = [];

  const send = async (event: Fields | string, { to = app, signature, headers = {} }: Sending = {}): Promise<Reply> => {
    const body = typeof event === 'string' ? event : JSON.stringify(event);
    const header = signature ?? sign(body);
    signatures.push(header.replace(/.*v1=/, ''));
    const answer = await request(`${to.url}/api/v1/hooks/stripe`, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': header, ...headers },
      body,
    });
    const text = await answer.body.text();
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: text === '' ? null : (JSON.parse(text) as unknown),
    };
  };
  const take = async (event: Fields): Promise<void> => {
    expect(await send(event)).toMatchObject({ status: 204, body: null });
  };
  const list = async (query = ''): Promise<Fields[]> => {
    const { status, body } = await app.call('GET', `/admin/provider-events?limit=200${query}`);
    expect(status).toBe(200);
    return (body as { data: Fields[] }).data;
  };
  const find = async ({ id }: Fields): Promise<Fields | undefined> =>
    (await list()).find(({ event_id }) => event_id === id);
  const until = (event: Fields, status: string): Promise<Fields> =>
    eventually(async () => {
      const found = await find(event);
      return found?.['status'] === status ? found : undefined;
    });
  const rows = async (sql: string, values: readonly unknown[] = []): Promise<Fields[]> =>
    (await pool.query<Fields>(sql, [...values])).rows;
  const count = async (): Promise<number> => Number((await rows('select count(*) from provider_events'))[0]?.['count']);
  const of = <T extends object>(token: new (...args: never[]) => T): T =>
    app.app.nest.select(billingService.module).get<T>(token as never, { strict: false });

  beforeAll(async () => {
    database = await migratedDatabase(SERVICES);
    behind = await databaseDoor(database.url);
    pool = new pg.Pool({ connectionString: database.url, options: '-c search_path=billing', max: 2 });
  });
  afterAll(async () => {
    await app?.close();
    await second?.close();
    await pool?.end();
    await behind?.shut();
    await database?.drop();
  });

  it('keeps events until there is an observer; then they are applied', async () => {
    const event = aSnapshot();
    const early = await startApp({
      services: SERVICES,
      env: { ...ENV, KEYLEDGER_RATE_LIMITS: 'on' },
      databaseUrl: database.url,
    });
    try {
      expect((await send(event, { to: early })).status).toBe(204);
      expect(await rows('select status, attempts from provider_events')).toEqual([{ status: 'received', attempts: 0 }]);
      // Bad signatures lock their address out; good ones are taken all the same.
      const statuses = [];
      for (let n = 0; n < 6; n++)
        statuses.push((await send(aSnapshot(), { to: early, signature: 't=1,v1=00' })).status);
      expect(statuses).toEqual([400, 400, 400, 400, 400, 429]);
      expect((await send(event, { to: early })).status).toBe(204);
    } finally {
      await early.close();
    }
    const clock = new MovableClock();
    clock.pass(400 * 86_400_000);
    const options = { services: SERVICES, modules: [Observers], env: { ...ENV, KEYLEDGER_LOG_LEVEL: 'trace' } };
    app = await startApp({ ...options, databaseUrl: behind.url, clock, log: (line) => log.push(line) });
    second = await startApp({ ...options, databaseUrl: database.url, log: (line) => log.push(line) });
    expect(await until(event, 'applied')).toMatchObject({ effect: ['done'], deliveries: 2, attempts: 1 });
  });

  it('takes both shapes, whatever their media type, and gives the observer the bytes that were sent', async () => {
    const given: ReceivedEvent[] = [];
    const [one, two] = [about('sub_bytes', { note: 'ünï ©ode' }), aThinEvent()];
    observer.behaviors.set('sub_bytes', (event) => {
      given.push(event);
      return applied;
    });
    const body = JSON.stringify(one, null, 2);
    expect((await send(body, { headers: { 'content-type': 'text/plain', 'content-encoding': 'br' } })).status).toBe(
      204,
    );
    await take(two);
    expect(await until(one, 'applied')).toMatchObject({
      provider: 'stripe',
      type: 'invoice.paid',
      object: { kind: 'subscription', id: 'sub_bytes' },
      account: null,
      livemode: false,
      created_at: '2026-10-26T07:33:20.000Z',
      api_version: '2026-10-28.endive',
      shape: 'snapshot',
      next_attempt_at: null,
      applied_at: expect.any(String) as unknown,
    });
    expect(given[0]?.payload?.toString()).toBe(body);
    expect(await until(two, 'applied')).toMatchObject({ shape: 'thin', created_at: '2026-10-25T10:00:00.123Z' });
  });

  it.each([
    ['that does not fit by one byte', (body: string) => ({ body: body.replace('in_', 'iN_'), signature: sign(body) })],
    ['of a body that was written anew', (body: string) => ({ body: `${body} `, signature: sign(body) })],
    ['that is old', (body: string) => ({ body, signature: sign(body, SECRETS[1], 310) })],
    ['from the future', (body: string) => ({ body, signature: sign(body, SECRETS[1], -310) })],
    ['by another secret', (body: string) => ({ body, signature: sign(body, 'whsec_other') })],
    ['that is missing', (body: string) => ({ body, signature: '' })],
  ])('refuses a signature %s, and keeps nothing', async (_how, change) => {
    const before = await count();
    const { body, signature } = change(JSON.stringify(aSnapshot()));
    expect(await send(body, { signature })).toMatchObject({ status: 400, body: { code: 'INVALID_SIGNATURE' } });
    expect(await count()).toBe(before);
  });

  it('takes events that are signed with any of the secrets', async () => {
    for (const secret of SECRETS) {
      const body = JSON.stringify(aSnapshot());
      expect((await send(body, { signature: sign(body, secret) })).status).toBe(204);
    }
  });

  it('takes 5 MiB, and refuses more', async () => {
    const before = await count();
    const event = aSnapshot({ pad: '' });
    const pad = 'x'.repeat(LARGEST_EVENT - Buffer.byteLength(JSON.stringify(event)));
    await take({ ...event, pad });
    const larger = await send({ ...event, pad: `${pad}x` });
    expect(larger).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
    expect(await count()).toBe(before + 1);
    await until(event, 'applied');
  });

  it('keeps and applies one event once, however often and wherever it is sent', async () => {
    const event = aSnapshot();
    const sent = await Promise.all(
      Array.from({ length: 20 }, (_, n) => send(event, { to: n % 2 === 0 ? app : second })),
    );
    expect(sent.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 204));
    expect(await until(event, 'applied')).toMatchObject({ deliveries: 20, attempts: 1 });
    await take(event);
    expect(await until(event, 'applied')).toMatchObject({ deliveries: 21, attempts: 1 });
    expect(await rows('select from provider_events where event_id = $1', [event['id']])).toHaveLength(1);
    expect(observer.times(event['id'])).toBe(1);
  });

  it('keeps a burst, each event once', async () => {
    const burst = Array.from({ length: 300 }, () => aSnapshot());
    const sent = await Promise.all(burst.map((event, n) => send(event, { to: n % 2 === 0 ? app : second })));
    expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([204]));
    const ids = burst.map(({ id }) => id);
    await eventually(async () => {
      const done = await rows(`select from provider_events where event_id = any($1) and status = 'applied'`, [ids]);
      return done.length === burst.length;
    });
    expect(ids.filter((id) => observer.times(id) !== 1)).toEqual([]);
  });

  it('answers and goes on while an observer takes long, and applies the events of one object in their order', async () => {
    let finish = (): void => undefined;
    const slow = new Promise<void>((resolve) => (finish = resolve));
    observer.behaviors.set('sub_slow', async () => {
      await slow;
      return applied;
    });
    const [first, ...rest] = [1, 2, 3, 4].map((seconds) => about('sub_slow', { created: 1_793_000_000 + seconds }));
    if (first === undefined) throw new Error('no event');
    await take(first);
    await eventually(() => observer.times(first['id']) === 1);
    for (const event of rest.toReversed()) await take(event);
    const other = aSnapshot();
    await take(other);
    await until(other, 'applied');
    expect(rest.map(({ id }) => observer.times(id))).toEqual([0, 0, 0]);
    finish();
    for (const event of rest) await until(event, 'applied');
    const ids = [first, ...rest].map(({ id }) => id);
    expect(observer.seen.filter((id) => ids.includes(id))).toEqual(ids);
  });

  it('applies an event again that its leader was about to apply when it was lost', async () => {
    let finish = (): void => undefined;
    const hanging = new Promise<void>((resolve) => (finish = resolve));
    observer.behaviors.set('sub_lost', async () => {
      if (observer.times(event['id']) === 1) await hanging;
      return applied;
    });
    const event = about('sub_lost');
    await take(event);
    await eventually(() => observer.times(event['id']) === 1);
    const killed = await rows(
      `select pg_terminate_backend(pid) from pg_locks
       where locktype = 'advisory' and granted and (classid::bigint << 32 | objid::bigint) = $1::bigint`,
      [lockKey('keyledger:billing:apply-provider-events')],
    );
    expect(killed).toHaveLength(1);
    await until(event, 'applied');
    expect(observer.times(event['id'])).toBe(2);
    finish();
  });

  it('tries an event again when what it waits for appears', async () => {
    let there = false;
    observer.behaviors.set('sub_waits', () =>
      there ? applied : { status: 'waiting', effect: [], waits_for: 'customer cus_1' },
    );
    const event = about('sub_waits');
    await take(event);
    const waiting = await until(event, 'waiting');
    expect(waiting).toMatchObject({ waits_for: 'customer cus_1', next_attempt_at: expect.any(String) as unknown });
    await rows(`update provider_events set next_attempt_at = now() + interval '1 hour' where id = $1`, [waiting['id']]);
    there = true;
    await of(ProviderEvents).appeared('stripe', 'customer cus_2', pool);
    expect(await find(event)).toMatchObject({ status: 'waiting' });
    await of(ProviderEvents).appeared('stripe', 'customer cus_1', pool);
    expect(await until(event, 'applied')).toMatchObject({ waits_for: null, last_error: null });
  });

  it('tries an event again at once if what it waits for appears during a try', async () => {
    const event = about('sub_race');
    observer.behaviors.set('sub_race', async () => {
      const times = observer.times(event['id']);
      // As if it had waited for long: the pause is an hour by now.
      if (times === 1) await rows('update provider_events set attempts = 50 where event_id = $1', [event['id']]);
      if (times === 2) await of(ProviderEvents).appeared('stripe', 'customer cus_3', pool);
      return times < 3 ? { status: 'waiting', effect: [], waits_for: 'customer cus_3' } : applied;
    });
    await take(event);
    await until(event, 'applied');
    expect(observer.times(event['id'])).toBe(3);
  });

  it('tries again what failed, gives it up after a month, and applies it when an operator says so', async () => {
    observer.behaviors.set('sub_fails', () => {
      throw new Error(`${EMAIL} has no pi_1234567890_secret_1234567890 and no sk_test_S3CRET`);
    });
    const event = about('sub_fails');
    await take(event);
    const failed = await until(event, 'failed');
    expect(failed['last_error']).toBe('[redacted] has no [redacted] and no [redacted]');
    await rows(`update provider_events set give_up_at = now() where event_id = $1`, [event['id']]);
    const dead = await until(event, 'dead');
    expect(dead['next_attempt_at']).toBeNull();
    expect(await list('&status=dead&provider=stripe')).toEqual([dead]);
    expect(await list('&status=dead&provider=btcpay')).toEqual([]);
    observer.behaviors.delete('sub_fails');
    const { status, body } = await app.call('POST', `/admin/provider-events/${String(dead['id'])}/retry`);
    expect([status, body]).toMatchObject([200, { status: 'received', attempts: 0, last_error: null }]);
    await until(event, 'applied');
  });

  it('keeps unknown types, which the observer ignores', async () => {
    observer.behaviors.set('sub_ignored', () => ({ status: 'ignored', effect: [] }));
    const event = about('sub_ignored', { type: 'tomorrow.invented' });
    await take(event);
    expect(await until(event, 'ignored')).toMatchObject({ type: 'tomorrow.invented', reason: null });
  });

  it.each([
    ['other_account', { account: 'acct_2' }],
    ['other_mode', { livemode: true }],
  ])('records an event without effect that is of %s', async (reason, over) => {
    const event = aSnapshot(over);
    await take(event);
    const kept = await until(event, 'ignored');
    expect(kept).toMatchObject({ reason, attempts: 0, next_attempt_at: null, effect: [] });
    expect(observer.times(event['id'])).toBe(0);
    const { status, body } = await app.call('POST', `/admin/provider-events/${String(kept['id'])}/retry`);
    expect([status, body]).toMatchObject([409, { code: 'PROVIDER_EVENT_FOREIGN' }]);
  });

  it('says that a signed body is no event, and that an id is unknown', async () => {
    expect(await send('{}')).toMatchObject({ status: 422, body: { code: 'PROVIDER_EVENT_UNREADABLE' } });
    const unknown = await app.call('POST', '/admin/provider-events/pev_01jd1zx0h8e4rvy2m6k9w3q5tb/retry');
    expect(unknown).toMatchObject({ status: 404, body: { code: 'PROVIDER_EVENT_NOT_FOUND' } });
  });

  it('lists events in pages, to those who may see them', async () => {
    const { body: page } = await app.call('GET', '/admin/provider-events?limit=3');
    const { data, next_cursor } = page as { data: Fields[]; next_cursor: string };
    const { body: next } = await app.call('GET', `/admin/provider-events?limit=200&cursor=${next_cursor}`);
    const all = [...data, ...(next as { data: Fields[] }).data].map(({ id }) => id);
    const newest = (await list()).map(({ id }) => id);
    expect(all.slice(0, newest.length)).toEqual(newest);
    expect(JSON.stringify(page)).not.toContain('payload');
    expect((await app.call('GET', '/admin/provider-events', undefined, { authorization: undefined })).status).toBe(401);
  });

  it('answers 5xx while the database is down, and takes the event afterwards', async () => {
    const event = aSnapshot();
    await behind.shut();
    expect((await send(event)).status).toBe(503);
    await behind.open();
    await eventually(async () => (await send(event)).status === 204);
    expect(await rows('select from provider_events where event_id = $1', [event['id']])).toHaveLength(1);
    await until(event, 'applied');
  });

  it('says in /readyz when the last event came', async () => {
    const answer = await eventually(async () => {
      const { statusCode, body } = await request(`${app.url}/readyz`);
      const text = await body.text();
      return statusCode === 200 && (JSON.parse(text) as Fields);
    });
    const [newest] = await list();
    expect(answer['details']).toEqual({
      provider_events: [{ provider: 'stripe', last_event_at: newest?.['received_at'] }],
    });
  });

  it('deletes the bodies of events after 90 days', async () => {
    const [old, young] = [aSnapshot(), aSnapshot()];
    for (const event of [old, young]) await take(event);
    await until(old, 'applied');
    await rows(`update provider_events set received_at = now() - interval '91 days' where event_id = $1`, [old['id']]);
    const purge = of(PurgeProviderEvents);
    const due = (): Promise<unknown> => purge.due({ now: new Date(), limit: 10, except: [] });
    expect(await due()).toHaveLength(1);
    expect(await purge.attend()).toBe(false);
    expect(await due()).toEqual([]);
    const kept = await rows(
      'select event_id, payload is null as purged from provider_events where event_id = any($1)',
      [[old['id'], young['id']]],
    );
    expect(kept).toEqual(
      expect.arrayContaining([
        { event_id: old['id'], purged: true },
        { event_id: young['id'], purged: false },
      ]),
    );
  });

  it('has no secret, signature or personal data in logs, nor in tables in the clear', async () => {
    const dump = JSON.stringify(await rows('select * from provider_events'));
    const logged = log.join('');
    expect(logged).toContain('bad signature');
    for (const secret of [...SECRETS, ENV.KEYLEDGER_STRIPE_API_KEY, EMAIL, 'customer_email'])
      for (const text of [dump, logged]) expect(text).not.toContain(secret);
    for (const signature of signatures.filter((one) => one.length > 10)) {
      expect(logged.includes(signature)).toBe(false);
      expect(dump.includes(signature)).toBe(false);
    }
  });
});
