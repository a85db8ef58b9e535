import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { ApiKeyDirectory } from '../../apps/gateway/src/authentication/api-key-directory.ts';
import { EventLogs } from '../../apps/gateway/src/events/event-logs.ts';
import { EventStreams } from '../../apps/gateway/src/events/event-streams.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { ADMIN_KEY, eventually, startApp, type TestApp } from '../support/app.ts';
import { EventReader, type Received } from './sse.ts';

const product = [gatewayService, licensingService];

const nameOf = ({ event: { data } }: Received): unknown =>
  data['name'] ?? (data['changes'] as { name?: string } | undefined)?.name;

interface Installation {
  /** The server that callers use. */
  readonly door: TestApp;
  close(): Promise<void>;
}

const oneProcess = async (): Promise<Installation> => {
  const door = await startApp({ services: product });
  return { door, close: () => door.close() };
};

/** The gateway has its own database, so it reads the log of licensing over HTTP only. */
const cluster = async (): Promise<Installation> => {
  const licensing = await startApp({ services: [licensingService] });
  const door = await startApp({ services: [gatewayService], product, env: { KEYLEDGER_LICENSING_URL: licensing.url } });
  return {
    door,
    close: async () => {
      await door.close();
      await licensing.close();
    },
  };
};

describe.each([
  ['one process', oneProcess],
  ['a cluster', cluster],
])('the event feed of %s', (_, start) => {
  let installation: Installation;
  let app: TestApp;
  let products: string[];
  let boundKey: string;

  const makeProduct = async (slug: string): Promise<string> =>
    (await app.call('POST', '/admin/products', { name: slug, slug, type: 'desktop' })).body.id;
  const rename = (id: string, name: string) => app.call('PATCH', `/admin/products/${id}`, { name });
  const list = async (query = '', key = ADMIN_KEY) =>
    app.call('GET', `/events${query}`, undefined, { authorization: `Bearer ${key}` });
  const stream = (query = '', headers: Record<string, string> = {}, options = {}): Promise<EventReader> =>
    EventReader.open(
      `${app.url}/api/v1/events/stream${query}`,
      { authorization: `Bearer ${ADMIN_KEY}`, ...headers },
      options,
    );

  beforeAll(async () => {
    installation = await start();
    app = installation.door;
    products = [await makeProduct('first'), await makeProduct('second')];
    const made = { name: 'Bound', scopes: ['admin'], product_id: products[1] };
    boundKey = (await app.call('POST', '/admin/api-keys', made)).body.key;
    for (const id of products) for (const name of ['a', 'b', 'c']) await rename(id, name);
  });
  afterAll(() => installation.close());

  it('has every published event of all services, in the log order of each service', async () => {
    const { status, body } = await list('?limit=200');
    expect(status).toBe(200);
    expect(body.has_more).toBe(false);
    const types = body.data.map(({ type }: { type: string }) => type);
    expect(types.filter((type: string) => type === 'product.updated')).toHaveLength(6);
    expect(types).toEqual(expect.arrayContaining(['product.created', 'api_key.created']));
    for (const service of ['licensing', 'gateway']) {
      const positions = body.data
        .filter(({ source }: { source: string }) => source === `keyledger/${service}`)
        .map(({ position }: { position: number }) => position);
      expect(positions.length).toBeGreaterThan(0);
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
    }
    expect(body.data[0]).toMatchObject({ specversion: '1.0', datacontenttype: 'application/json' });
  });

  it('is read page by page without gaps or duplicates, also with pages of one event', async () => {
    const all = (await list('?limit=200')).body.data.map(({ id }: { id: string }) => id);
    for (const limit of [1, 3]) {
      const seen: string[] = [];
      let cursor = '';
      for (let more = true; more;) {
        const { body } = await list(`?limit=${limit}${cursor === '' ? '' : `&after=${cursor}`}`);
        expect(body.data.length).toBeLessThanOrEqual(limit);
        seen.push(...body.data.map(({ id }: { id: string }) => id));
        cursor = body.next_cursor;
        more = body.has_more;
      }
      expect(seen).toEqual(all);
    }
  });

  it('accepts a cursor for events that are added later', async () => {
    const { body: now } = await list('?after=latest');
    expect(now).toMatchObject({ data: [], has_more: false });
    await rename(products[0] ?? '', 'later');
    const { body } = await list(`?after=${now.next_cursor}`);
    expect(body.data).toMatchObject([{ type: 'product.updated', subject: products[0] }]);
  });

  it('filters by types, wildcards and subject, and a typing error never widens the filter', async () => {
    const types = async (query: string): Promise<string[]> => [
      ...new Set<string>((await list(`?limit=200&${query}`)).body.data.map(({ type }: { type: string }) => type)),
    ];
    expect(await types('types=product.*')).toEqual(['product.created', 'product.updated']);
    expect(await types('types=api_key.created,product.created')).toEqual(
      expect.arrayContaining(['api_key.created', 'product.created']),
    );
    expect(await types('types=seat.added')).toEqual([]);
    const { body } = await list(`?subject=${products[0]}&types=product.*`);
    expect(new Set(body.data.map(({ subject }: { subject: string }) => subject))).toEqual(new Set([products[0]]));
    for (const wrong of ['licens.*', 'product', 'product.create', '', 'product.*,nothing.at_all']) {
      expect((await list(`?types=${wrong}`)).status).toBe(400);
    }
  });

  it('shows a key that is bound to a product only the events of that product', async () => {
    const { body } = await list('?limit=200', boundKey);
    expect(body.data.length).toBeGreaterThan(4);
    for (const { data } of body.data) expect(data.product_id).toBe(products[1]);
    const other = await list(`?subject=${products[0]}`, boundKey);
    expect(other.body.data).toEqual([]);
  });

  it('requires the scope admin', async () => {
    const { body } = await app.call('POST', '/admin/api-keys', { name: 'Shop', scopes: ['licenses:write'] });
    for (const path of ['/events', '/events/stream']) {
      expect((await app.call('GET', path, undefined, { authorization: `Bearer ${body.key}` })).status).toBe(403);
      expect((await app.call('GET', path, undefined, { authorization: undefined })).status).toBe(401);
    }
  });

  it.each([
    'nonsense',
    'e30',
    Buffer.from('licensing:1,licensing:2').toString('base64url'),
    Buffer.from('licensing:-1').toString('base64url'),
    Buffer.from('licensing:999999999').toString('base64url'),
    'x'.repeat(1_000),
  ])('refuses a cursor that it did not issue: %s', async (cursor) => {
    for (const path of ['/events', '/events/stream']) {
      const { status, body } = await app.call('GET', `${path}?after=${cursor}`);
      expect([status, body.code]).toEqual([400, 'INVALID_CURSOR']);
    }
  });

  it('streams new events, and continues where a reader stopped', async () => {
    const first = await stream();
    expect([first.status, first.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    await eventually(() => first.lastId !== '');
    await rename(products[0] ?? '', 'one');
    await rename(products[0] ?? '', 'two');
    await first.until(2);
    const [seen] = first.events;
    first.close();
    await rename(products[0] ?? '', 'three');
    await app.call('POST', '/admin/api-keys', { name: 'Between', scopes: [] });

    const second = await stream('', { 'last-event-id': seen?.id ?? '' });
    const missed = await second.until(3);
    expect(missed.map(nameOf).sort()).toEqual(['Between', 'three', 'two']);
    await rename(products[0] ?? '', 'four');
    await second.until(4);
    expect(new Set(second.events.map(({ event }) => event.id)).size).toBe(4);
    second.close();
  });

  it('streams all events when asked for the beginning, with the same filters as a list', async () => {
    const { body } = await list('?limit=200&types=product.*', boundKey);
    const reader = await stream('?after=beginning&types=product.*', { authorization: `Bearer ${boundKey}` });
    await reader.until(body.data.length);
    await rename(products[0] ?? '', 'not for them');
    await rename(products[1] ?? '', 'for them');
    await reader.until(body.data.length + 1);
    expect(reader.events.map(({ event }) => event.subject)).toEqual(reader.events.map(() => products[1]));
    expect(reader.events.slice(-1).map(nameOf)).toEqual(['for them']);
    reader.close();
  });

  it('uses little memory for a reader that reads nothing, and the reader loses no event', async () => {
    const streams = app.app.nest.get(EventStreams, { strict: false });
    const { body: now } = await list('?after=latest');
    const idle = await stream(`?after=${now.next_cursor}`, {}, { paused: true });
    const held = streams.open(
      new Map([
        ['licensing', 0],
        ['gateway', 0],
      ]),
      { types: undefined, subject: undefined, product_id: null },
      { actor: { type: 'api_key', id: 'key_1' }, scopes: ['admin'], product_id: null },
    );
    // More than a tail buffers in memory.
    for (let n = 0; n < 60; n++)
      await Promise.all(Array.from({ length: 20 }, (_, m) => rename(products[m % 2] ?? '', `name ${n} ${m}`)));
    expect(held.readableLength).toBeLessThanOrEqual(2);
    held.destroy();
    idle.read();
    const events = await idle.until(1_200);
    for (const subject of products) {
      const versions = events.filter(({ event }) => event.subject === subject).map(({ event }) => event.streamversion);
      expect(versions).toEqual(versions.map((_, n) => (versions[0] ?? 0) + n));
    }
    expect(new Set(events.map(({ event }) => event.id)).size).toBe(1_200);
    idle.close();
  });

  it('ends when the key that opened it is revoked', async () => {
    const { body: key } = await app.call('POST', '/admin/api-keys', { name: 'Short-lived', scopes: ['admin'] });
    const { nest } = app.app;
    const [logs, keys] = [nest.get(EventLogs, { strict: false }), nest.get(ApiKeyDirectory, { strict: false })];
    const stream = new EventStreams(logs, keys, 20).open(
      new Map(),
      { types: new Set(), subject: undefined, product_id: null },
      { actor: { type: 'api_key', id: key.id }, scopes: ['admin'], product_id: null },
    );
    const pieces: string[] = [];
    stream.on('data', (piece: string) => pieces.push(piece));
    // The third and later heartbeats have found the key valid.
    await eventually(() => pieces.length >= 4);
    await app.call('DELETE', `/admin/api-keys/${key.id}`);
    await eventually(() => stream.closed);
    expect(stream.errored).toBeNull();
  });

  it('answers a HEAD without opening a stream', async () => {
    const { status, headers } = await app.call('HEAD', '/events/stream');
    expect([status, headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
  });

  it('limits the open streams of one credential, and does not count closed ones', async () => {
    const { body } = await app.call('POST', '/admin/api-keys', { name: 'Greedy', scopes: ['admin'] });
    const authorization = `Bearer ${body.key}`;
    const readers = await Promise.all(Array.from({ length: 20 }, () => stream('', { authorization })));
    const refused = await app.call('GET', '/events/stream', undefined, { authorization });
    expect([refused.status, refused.body.code]).toEqual([429, 'TOO_MANY_STREAMS']);
    for (const reader of readers) reader.close();
    const again = await eventually(async () => {
      const reader = await stream('', { authorization });
      if (reader.status === 200) return reader;
      reader.close();
      return undefined;
    });
    again.close();
  });

  it('ends streams when the instance stops, so that readers reconnect to another instance', async () => {
    const other = await start();
    const reader = await EventReader.open(`${other.door.url}/api/v1/events/stream`, {
      authorization: `Bearer ${ADMIN_KEY}`,
    });
    await eventually(() => reader.lastId !== '');
    await other.close();
    await eventually(() => reader.ended);
  });
});

describe('the log of a service of a cluster', () => {
  it('is served only to the gateway', async () => {
    const { door, close } = await oneProcess();
    expect((await door.call('GET', '/../../internal/events/licensing?after=0&limit=1')).status).toBe(404);
    expect((await door.call('GET', '/api/../internal/events/licensing?after=0&limit=1')).status).toBe(404);
    await close();
    const licensing = await startApp({ services: [licensingService] });
    const asked = await fetch(`${licensing.url}/internal/events/licensing?after=0&limit=1`);
    expect(asked.status).toBe(401);
    await licensing.close();
  });

  it('may be unavailable: lists report it, streams continue with the other services', async () => {
    const licensing = await startApp({ services: [licensingService] });
    const door = await startApp({
      services: [gatewayService],
      product,
      env: { KEYLEDGER_LICENSING_URL: licensing.url },
    });
    const reader = await EventReader.open(`${door.url}/api/v1/events/stream`, {
      authorization: `Bearer ${ADMIN_KEY}`,
    });
    await eventually(() => reader.lastId !== '');
    await licensing.close();
    const { status, body } = await door.call('GET', '/events');
    expect([status, body.code]).toEqual([502, 'SERVICE_UNAVAILABLE']);
    await door.call('POST', '/admin/api-keys', { name: 'Meanwhile', scopes: [] });
    expect((await reader.until(1))[0]?.event.type).toBe('api_key.created');
    reader.close();
    await door.close();
  });
});
