import type { ServerResponse } from 'node:http';
import pg from 'pg';
import { newId } from '#domain/shared/id';
import { eventually } from '../support/app.ts';
import { type Answering, QUICK, type Sink, startSink, startWebhooks, type Webhooks } from './harness.ts';

describe('endpoints', () => {
  it('that never answer do not delay others, however many deliveries wait', async () => {
    const app = await startWebhooks();
    const [slow, fast] = [await startSink(() => undefined), await startSink()];
    const waiting = await app.webhook(slow.url);
    const quick = await app.webhook(fast.url);
    const events = await Promise.all(Array.from({ length: 100 }, () => app.suspend()));
    await eventually(() => fast.received.length >= 100);
    expect(new Set(fast.received.map(({ id }) => id))).toEqual(new Set(events));
    // The slow endpoint gets only ten concurrent attempts.
    expect(slow.received).toHaveLength(10);
    const last = await app.suspend();
    await app.delivery(quick.id, last, ({ status }) => status === 'succeeded');
    const { body } = await app.call('GET', `/admin/webhooks/${waiting.id}/deliveries?status=pending&limit=200`);
    expect(body.data).toHaveLength(101);
    await app.close();
    await Promise.all([slow.close(), fast.close()]);
  });

  it('receive each delivery once when two instances of the service run', async () => {
    const one = await startWebhooks();
    const two = await startWebhooks(QUICK, { databaseUrl: one.databaseUrl });
    const sink = await startSink((_, response) => setTimeout(() => response.writeHead(204).end(), 5));
    const { id } = await one.webhook(sink.url);
    const events = await Promise.all(Array.from({ length: 300 }, () => one.suspend()));
    await eventually(async () => {
      const { body } = await one.call('GET', `/admin/webhooks/${id}/deliveries?status=pending&limit=1`);
      return sink.received.length >= 300 && body.data.length === 0;
    });
    expect(sink.received.map((received) => received.id).sort()).toEqual([...events].sort());
    await two.app.close();
    await one.close();
    await sink.close();
  });
});

it('a deleted webhook receives no more deliveries, even if they were claimed before', async () => {
  const app = await startWebhooks({ ...QUICK, lease: 1_000 });
  const waiting: ServerResponse[] = [];
  const sink = await startSink(({ path }, response) => {
    if (path.endsWith('/control')) response.writeHead(204).end();
    else waiting.push(response);
  });
  const { id } = await app.webhook(sink.url);
  await Promise.all(Array.from({ length: 40 }, () => app.suspend()));
  await eventually(() => waiting.length === 10);
  await app.call('DELETE', `/admin/webhooks/${id}`);
  const database = new pg.Client(app.databaseUrl);
  await database.connect();
  const claimed = `select from webhooks.deliveries where endpoint_id = $1 and claimed_until > now()`;
  await eventually(async () => (await database.query(claimed, [id])).rowCount === 0);
  await database.end();
  for (const response of waiting) response.writeHead(204).end();
  const control = await app.webhook(`${sink.url}/control`);
  const event = await app.suspend();
  await app.delivery(control.id, event, ({ status }) => status === 'succeeded');
  expect(waiting).toHaveLength(10);
  await app.close();
  await sink.close();
});

describe('an ordered webhook', () => {
  let app: Webhooks;
  let sink: Sink;
  let answering: Answering;
  beforeAll(async () => {
    app = await startWebhooks({ ...QUICK, ladder: Array.from({ length: 1_000 }, () => 20) });
    sink = await startSink((...args) => answering(...args));
  });
  afterAll(async () => {
    await app.close();
    await sink.close();
  });
  const subjectOf = (body: string): string => (JSON.parse(body) as { subject: string }).subject;
  const order = (path: string): string[] => {
    const taken = sink.received.filter((one) => one.path.endsWith(path));
    return [...new Set(taken.map(({ id }) => id))];
  };

  it('by subject does not overtake a failed delivery of a subject, and sends all other subjects', async () => {
    const [stuck, free] = [newId('lic'), newId('lic')];
    let mended = false;
    answering = ({ body }, response) => response.writeHead(subjectOf(body) === stuck && !mended ? 500 : 204).end();
    const { id } = await app.webhook(`${sink.url}/by-subject`, { ordering: 'by_subject' });
    const events: { stuck: string[]; free: string[] } = { stuck: [], free: [] };
    for (let n = 0; n < 5; n++) {
      events.stuck.push(await app.suspend(undefined, stuck));
      events.free.push(await app.suspend(undefined, free));
    }
    await app.delivery(id, events.free[4] ?? '', ({ status }) => status === 'succeeded');
    expect(order('/by-subject').filter((one) => events.stuck.includes(one))).toEqual([events.stuck[0]]);
    mended = true;
    await app.delivery(id, events.stuck[4] ?? '', ({ status }) => status === 'succeeded');
    expect(order('/by-subject').filter((one) => events.stuck.includes(one))).toEqual(events.stuck);
    expect(order('/by-subject').filter((one) => events.free.includes(one))).toEqual(events.free);
    await app.call('DELETE', `/admin/webhooks/${id}`);
  });

  it('in strict order gets one delivery at a time, in the order of events', async () => {
    let mended = false;
    let underWay = 0;
    let most = 0;
    answering = (_, response) => {
      most = Math.max(most, ++underWay);
      setTimeout(() => {
        underWay--;
        response.writeHead(mended ? 204 : 500).end();
      }, 2);
    };
    const { id } = await app.webhook(`${sink.url}/strict`, { ordering: 'strict' });
    const events: string[] = [];
    for (let n = 0; n < 20; n++) events.push(await app.suspend());
    await eventually(() => sink.received.filter((one) => one.id === events[0]).length >= 2);
    expect(order('/strict')).toEqual([events[0]]);
    mended = true;
    await app.delivery(id, events[19] ?? '', ({ status }) => status === 'succeeded');
    expect(order('/strict')).toEqual(events);
    expect(most).toBe(1);
    await app.call('DELETE', `/admin/webhooks/${id}`);
  });

  it('continues with the next delivery when one has failed permanently', async () => {
    const short = await startWebhooks({ ...QUICK, ladder: [10] });
    const license = newId('lic');
    const bad: string[] = [];
    const own = await startSink(({ id }, response) => response.writeHead(bad.includes(id) ? 500 : 204).end());
    const { id } = await short.webhook(own.url, { ordering: 'by_subject' });
    bad.push(await short.suspend(undefined, license));
    const next = await short.suspend(undefined, license);
    await short.delivery(id, next, ({ status }) => status === 'succeeded');
    await short.delivery(id, bad[0] ?? '', ({ status }) => status === 'failed');
    await short.close();
    await own.close();
  });
});
