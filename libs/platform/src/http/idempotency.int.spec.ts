import type { AuthenticationScheme } from '../auth/scheme.ts';
import { randomBytes } from 'node:crypto';
import { type FastifyInstance, fastify } from 'fastify';
import Type from 'typebox';
import { request } from 'undici';
import type { StreamType } from '#events/decider';
import { PostgresEventStore } from '#events/store/postgres-event-store';
import { eventually } from '../../../../test/support/app.ts';
import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { type Authenticator, installAuthentication } from '../auth/authenticator.ts';
import { createMasterKey } from '../crypto/master-key.ts';
import type { ServiceDatabase } from '../database/database.ts';
import { openDatabase } from '../database/open.ts';
import { RateLimitExceeded } from '../rate-limit/rate-limit.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { installBodyParser } from './body.ts';
import { Answer, type Call, endpoint, type EndpointContract } from './endpoint.ts';
import { migrateIdempotency } from './idempotency.ts';
import { installObservation, requestId } from './observe.ts';
import { Problem } from './problem.ts';
import { installProblems, registerEndpoints } from './register.ts';
import type { Route } from './run.ts';
import { Int, StrictObject, Text } from './schemas.ts';

/** A counter: enough to see an effect happen twice. */
interface Added {
  readonly type: 'counter.added';
  readonly amount: number;
}
const counters: StreamType<number, Added> = {
  name: 'counter',
  initialState: 0,
  evolve: (sum, { amount }) => sum + amount,
};

const post = <B extends Parameters<typeof StrictObject>[0]>(
  path: string,
  auth: EndpointContract['auth'],
  properties: B,
) =>
  endpoint({
    method: 'POST',
    path,
    operation: path,
    tag: 'Test',
    summary: path,
    auth,
    body: StrictObject(properties),
    answers: { 201: { description: 'Done.', schema: StrictObject({ sum: Type.Integer() }) } },
    problems: [],
  });
const addOne = {
  ...post('/counters/:id/add', 'admin', { amount: Int(1, 100) }),
  params: StrictObject({ id: Text(20, { min: 1 }) }),
};
const plain = post('/plain', 'admin', { status: Int(200, 599) });
/** A scheme as licensing has one. */
const LICENSE_KEY: AuthenticationScheme = {
  actor: 'license',
  scope: 'licenses:write',
  credential: (body) => (body as { license_key: string }).license_key,
};
const licensed = post('/licensed', LICENSE_KEY, { license_key: Text(100) });
const open = post('/open', 'public', { token: Text(100) });
const limited = post('/limited', 'admin', {});

const HALT = 'the first call waits here';

/** One process of a service: a store, a server, and calls that count how often they ran. */
class Process {
  readonly ran = { plain: 0, licensed: 0, open: 0 };
  /** While true, `/limited` is over its limit. */
  busy = false;
  /** While set, additions wait for it when they have reached the handler. */
  gate: Promise<unknown> | undefined;
  /** Settles when an addition has reached the gate. */
  readonly atGate = Promise.withResolvers<string>();
  url = '';

  private constructor(
    private readonly server: FastifyInstance,
    readonly database: ServiceDatabase,
    private readonly store: PostgresEventStore,
  ) {}

  static async start(url: string): Promise<Process> {
    // The database is dropped while connections of an ended pool may still be closing.
    const onError = (): void => undefined;
    const database = await openDatabase({ url, schema: 'test', entities: [], migrations: [], onError });
    const masterKey = createMasterKey(Buffer.alloc(32, 1));
    const { pool } = database;
    const store = await PostgresEventStore.open({
      pool,
      schema: 'test',
      streams: [counters],
      projections: [],
      keys: { wrap: (key) => key, unwrap: (key) => key },
    });
    const server = fastify({ genReqId: ({ headers }) => requestId(headers['request-id']) });
    const self = new Process(server, database, store);
    installObservation(server, createMetrics());
    installProblems(server, 'http://test');
    installAuthentication(server, NAMED);
    installBodyParser(server);
    const kept = { store, pool, masterKey };
    const route = <C extends EndpointContract>(contract: C, handle: (call: Call<C>) => unknown): Route => ({
      contract,
      handle: handle as Route['handle'],
      kept,
    });
    registerEndpoints(
      server,
      [
        route(addOne, (call) => self.#add(call)),
        route(plain, ({ body: { status } }) => {
          self.ran.plain += 1;
          if (status < 400) return new Answer(status, { sum: self.ran.plain }, { location: '/plain/1' });
          throw new Problem(status, `STATUS_${status}`, 'Decided.', { ran: self.ran.plain }, { 'retry-after': '9' });
        }),
        route(licensed, () => ({ sum: (self.ran.licensed += 1) })),
        route(open, () => ({ sum: (self.ran.open += 1) })),
        route(limited, () => {
          const policy = { name: 'license', quota: 5, window: 1 };
          if (self.busy) throw new RateLimitExceeded('RATE_LIMITED', 'Too many calls.', policy, 1);
          return { sum: 1 };
        }),
      ],
      'http://test',
    );
    self.url = await server.listen({ port: 0, host: '127.0.0.1' });
    return self;
  }

  async #add(call: Call<typeof addOne>): Promise<Answer> {
    const answer = ({ state }: { state: number }): Answer => new Answer(201, { sum: state, secret: 'in the clear' });
    if (this.gate !== undefined) {
      this.atGate.resolve(HALT);
      await this.gate;
    }
    const { params, body } = call;
    const added: Added = { type: 'counter.added', amount: body.amount };
    return answer(await this.store.handle(counters, params.id, () => [added], call.command(answer)));
  }

  async send(path: string, body: unknown, key?: string, caller?: string) {
    const reply = await request(`${this.url}/api/v1${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(caller === undefined ? {} : { 'x-caller': caller }),
      },
      body: JSON.stringify(body),
    });
    const text = await reply.body.text();
    const { headers, statusCode: status } = reply;
    return { status, headers, text, body: JSON.parse(text) as Record<string, unknown> };
  }

  add(key: string, amount = 1, id = 'a') {
    return this.send(`/counters/${id}/add`, { amount }, key, 'ada');
  }

  async sum(id = 'a'): Promise<number> {
    return (await this.store.load(counters, id)).state;
  }

  async claims(): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ command_id: string }>(
      'select command_id from idempotency_claims',
    );
    return rows.map(({ command_id }) => command_id);
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.store.close();
    await this.database.orm.destroy();
  }
}

/** Takes the caller's word for its name. */
const NAMED: Authenticator = {
  identify: ({ headers, ip }) => ({
    principal:
      typeof headers['x-caller'] === 'string'
        ? { actor: { type: 'user', id: headers['x-caller'] }, scopes: ['admin'], product_id: null }
        : undefined,
    client_ip: ip,
  }),
};

describe('an Idempotency-Key', () => {
  let database: TestDatabase;
  let one: Process;
  let other: Process;
  beforeEach(async () => {
    database = await freshDatabase();
    one = await Process.start(database.url);
    other = await Process.start(database.url);
  });
  afterEach(async () => {
    await one.close();
    await other.close();
    await database.drop();
  });

  it('has one effect, however many send it at once and to whichever process', async () => {
    const replies = await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2 ? one : other).add('k')));
    expect(await one.sum()).toBe(1);
    const done = replies.filter(({ status }) => status === 201);
    const waiting = replies.filter(({ status }) => status === 409);
    expect(done.length).toBeGreaterThan(0);
    expect(done.length + waiting.length).toBe(50);
    expect(done.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(1);
    expect(new Set(done.map(({ text }) => text)).size).toBe(1);
    for (const { body, headers } of waiting) {
      expect([body['code'], headers['retry-after']]).toEqual(['IDEMPOTENCY_IN_PROGRESS', '1']);
    }
    expect(await other.add('k')).toMatchObject({ status: 201, headers: { 'idempotent-replayed': 'true' } });
    // The claim is released after the answer has been sent.
    await eventually(async () => (await one.claims()).length === 0);
  });

  it('has one effect also if nothing is written to the log', async () => {
    await Promise.all(Array.from({ length: 50 }, () => one.send('/plain', { status: 202 }, 'k', 'ada')));
    expect(one.ran.plain).toBe(1);
    expect(await other.send('/plain', { status: 202 }, 'k', 'ada')).toMatchObject({ status: 202, text: '{"sum":1}' });
    expect(other.ran.plain).toBe(0);
  });

  it('replays status, headers and body byte for byte, with a new request id', async () => {
    const first = await one.send('/plain', { status: 202 }, 'k', 'ada');
    const again = await other.send('/plain', { status: 202 }, 'k', 'ada');
    expect([again.status, again.text, again.headers['location'], again.headers['content-type']]).toEqual([
      first.status,
      first.text,
      '/plain/1',
      first.headers['content-type'],
    ]);
    expect(first.headers).not.toHaveProperty('idempotent-replayed');
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.headers['request-id']).not.toBe(first.headers['request-id']);
  });

  it.each([409, 429])('replays a decided %d', async (status) => {
    const first = await one.send('/plain', { status }, 'k', 'ada');
    const again = await one.send('/plain', { status }, 'k', 'ada');
    expect(again).toMatchObject({ status, text: first.text, body: { ran: 1 } });
    expect(again.headers).toMatchObject({ 'retry-after': '9', 'content-type': first.headers['content-type'] });
    expect(again.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  it.each([400, 401, 404, 500, 503])('forgets a %d, and may be used again at once', async (status) => {
    await one.send('/plain', { status }, 'k', 'ada');
    expect(await one.send('/plain', { status: 200 }, 'k', 'ada')).toMatchObject({ status: 200, body: { sum: 2 } });
  });

  it('forgets a 429 of a rate limit, and may be used again at once', async () => {
    one.busy = true;
    expect(await one.send('/limited', {}, 'k', 'ada')).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
    one.busy = false;
    expect(await one.send('/limited', {}, 'k', 'ada')).toMatchObject({ status: 201, body: { sum: 1 } });
  });

  it('is refused with another body or path', async () => {
    await one.add('k');
    for (const reply of [await one.add('k', 2), await one.add('k', 1, 'b')]) {
      expect(reply).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
    }
    expect([await one.sum('a'), await one.sum('b')]).toEqual([1, 0]);
  });

  it('is separate for each caller and each route', async () => {
    for (const caller of ['ada', 'bob']) await one.send('/plain', { status: 200 }, 'k', caller);
    for (const license_key of ['A', 'B', 'B']) await one.send('/licensed', { license_key }, 'k');
    for (const token of ['x', 'y', 'y']) await one.send('/open', { token }, 'k');
    expect(one.ran).toEqual({ plain: 2, licensed: 2, open: 2 });
  });

  it('of a call that takes too long passes to the next call, and the effect still comes once', async () => {
    const gate = Promise.withResolvers<undefined>();
    one.gate = gate.promise;
    const slow = one.add('k');
    expect(await one.atGate.promise).toBe(HALT);
    expect((await other.add('k')).status).toBe(409);
    await one.database.pool.query(`update idempotency_claims set claimed_until = now() - interval '1 second'`);
    const taken = await other.add('k');
    gate.resolve(undefined);
    expect(await slow).toMatchObject({ status: 201, text: taken.text, headers: { 'idempotent-replayed': 'true' } });
    expect(await one.sum()).toBe(1);
  });

  it('of a call whose claim was taken over stays with the call that took it', async () => {
    const gates = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()] as const;
    one.gate = gates[0].promise;
    other.gate = gates[1].promise;
    const slow = one.add('k');
    await one.atGate.promise;
    await one.database.pool.query(`update idempotency_claims set claimed_until = now() - interval '1 second'`);
    const next = other.add('k');
    await other.atGate.promise;
    gates[0].resolve(undefined);
    await slow;
    expect(await one.claims()).toHaveLength(1);
    gates[1].resolve(undefined);
    await next;
    // The key is released after the answer has been sent.
    await eventually(async () => (await one.claims()).length === 0);
    expect(await one.sum()).toBe(1);
  });

  it('may be used again after 24 hours', async () => {
    await one.add('k');
    const { rows } = await one.database.pool.query<{ hours: number }>(
      `select extract(epoch from expires_at - now()) / 3600 as hours from commands`,
    );
    expect(Number(rows[0]?.hours)).toBeCloseTo(24, 1);
    await one.database.pool.query(`update commands set expires_at = now() - interval '1 second'`);
    expect(await one.add('k')).toMatchObject({ status: 201, body: { sum: 2 } });
  });

  it('stores no answer in the clear', async () => {
    await one.add('k');
    const { rows } = await one.database.pool.query<{ result: Buffer }>('select result from commands');
    expect(rows[0]?.result.length).toBeGreaterThan(50);
    expect(rows[0]?.result.toString('latin1')).not.toContain('in the clear');
  });

  it('of a killed process is deleted by the next process that starts', async () => {
    const { pool } = one.database;
    const dead = randomBytes(8).toString('hex');
    await pool.query(
      `insert into idempotency_claims values ($1, now() - interval '1 second'), ('alive', now() + interval '1 minute')`,
      [dead],
    );
    const client = await pool.connect();
    await migrateIdempotency(client, 'test');
    client.release();
    expect(await one.claims()).toEqual(['alive']);
  });
});
