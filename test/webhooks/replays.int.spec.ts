import { newId } from '#domain/shared/id';
import { eventually, type Reply } from '../support/app.ts';
import { expectPaced, QUICK, type Received, type Sink, startSink, startWebhooks, type Webhooks } from './harness.ts';

const many = <T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)));

describe('a replay', () => {
  let app: Webhooks;
  let sink: Sink;
  /** How the sink answers, by path. */
  const answers = new Map<string, (at: Received) => number>();
  beforeAll(async () => {
    app = await startWebhooks({ ...QUICK, ladder: [20] });
    sink = await startSink((received, response) => {
      setTimeout(() => response.writeHead(answers.get(received.path)?.(received) ?? 204).end(), 5);
    });
  });
  afterAll(async () => {
    await app.close();
    await sink.close();
  });

  const at = (path: string): string[] =>
    sink.received.filter((one) => one.path === `/hooks${path}`).map(({ id }) => id);
  const replay = async (webhook: string, body: Record<string, unknown>): Promise<Reply['body']> => {
    const created = await app.call('POST', `/admin/webhooks/${webhook}/replays`, body);
    expect(created).toMatchObject({ status: 202, body: { status: 'running', webhook_id: webhook } });
    return created.body;
  };
  const until = (webhook: string, id: string, wanted: (replay: Reply['body']) => boolean): Promise<Reply['body']> =>
    eventually(async () => {
      const { body } = await app.call('GET', `/admin/webhooks/${webhook}/replays/${id}`);
      return wanted(body) ? body : undefined;
    });
  const completed = ({ status }: { status: string }): boolean => status === 'completed';

  it('sends only failed deliveries again, under the same ids', async () => {
    const well = new Set<string>();
    let broken = true;
    answers.set('/hooks/failed', ({ id }) => (broken && !well.has(id) ? 500 : 204));
    const { id } = await app.webhook(`${sink.url}/failed`);
    const since = new Date().toISOString();
    const good = await app.suspend();
    well.add(good);
    const failed = await many(5, () => app.suspend());
    for (const event of failed) await app.delivery(id, event, ({ status }) => status === 'failed');
    const before = at('/failed').length;
    broken = false;
    const { id: replayId } = await replay(id, { failed_since: since });
    const done = await until(id, replayId, completed);
    expect(done).toMatchObject({ kind: 'failed', deliveries: { pending: 0, succeeded: 5, failed: 0 } });
    expect(done.finished_at).not.toBeNull();
    expect(at('/failed').slice(before).sort()).toEqual([...failed].sort());
  });

  it('sends a webhook matching events from before its creation', async () => {
    const product = await app.product();
    const since = new Date().toISOString();
    const first = await app.suspend(product);
    const witness = await app.webhook(`${sink.url}/witness`);
    const second = await app.suspend(product);
    const third = await app.suspend();
    await app.delivery(witness.id, third, ({ status }) => status === 'succeeded');
    const { id } = await app.webhook(`${sink.url}/late`, { product_id: product });
    const done = await until(id, (await replay(id, { since })).id, completed);
    expect(done.deliveries).toEqual({ pending: 0, succeeded: 2, failed: 0 });
    expect(at('/late').sort()).toEqual([first, second].sort());
    // A second request sends it again: the receiver deduplicates by id.
    await until(id, (await replay(id, { from_position: done.from_position })).id, completed);
    expect(at('/late').sort()).toEqual([first, first, second, second].sort());
    const list = await app.call('GET', `/admin/webhooks/${id}/replays?limit=1`);
    expect(list.body.data).toHaveLength(1);
    expect(list.body.next_cursor).toEqual(expect.any(String));
  });

  it('is paused, resumed, and sends each delivery once', async () => {
    const events = await many(60, () => app.suspend());
    const witness = await app.webhook(`${sink.url}/seen`);
    await app.delivery(witness.id, await app.suspend(), ({ status }) => status === 'succeeded');
    const { id } = await app.webhook(`${sink.url}/held`, { concurrency: 1 });
    const { id: replayId } = await replay(id, { from_position: 0 });
    await eventually(() => at('/held').length >= 5);
    const paused = await app.call('POST', `/admin/webhooks/${id}/replays/${replayId}/pause`);
    expect(paused).toMatchObject({ status: 200, body: { status: 'paused' } });
    const held = await until(id, replayId, ({ deliveries }) => deliveries.pending === 0);
    const sent = at('/held').length;
    expect(held.deliveries.succeeded).toBe(sent);
    const live = await app.suspend();
    await app.delivery(id, live, ({ status }) => status === 'succeeded');
    expect(at('/held')).toHaveLength(sent + 1);
    await app.call('POST', `/admin/webhooks/${id}/replays/${replayId}/resume`);
    await until(id, replayId, completed);
    const received = at('/held');
    expect(new Set(received).size).toBe(received.length);
    expect(received).toEqual(expect.arrayContaining(events));
  });

  it('can be canceled: unsent deliveries stay unchanged', async () => {
    await many(60, () => app.suspend());
    const witness = await app.webhook(`${sink.url}/also`);
    await app.delivery(witness.id, await app.suspend(), ({ status }) => status === 'succeeded');
    const { id } = await app.webhook(`${sink.url}/ended`, { concurrency: 1 });
    const { id: replayId } = await replay(id, { from_position: 0 });
    await eventually(() => at('/ended').length >= 3);
    await app.call('POST', `/admin/webhooks/${id}/replays/${replayId}/cancel`);
    await until(id, replayId, ({ deliveries }) => deliveries.pending === 0);
    const { body } = await app.call('GET', `/admin/webhooks/${id}/deliveries?limit=200`);
    expect(body.data).toHaveLength(new Set(at('/ended')).size);
    const again = await app.call('POST', `/admin/webhooks/${id}/replays/${replayId}/resume`);
    expect(again).toMatchObject({ status: 409, body: { code: 'REPLAY_ENDED' } });
  });

  it('gives priority to new events', async () => {
    await many(150, () => app.suspend());
    const witness = await app.webhook(`${sink.url}/more`);
    await app.delivery(witness.id, await app.suspend(), ({ status }) => status === 'succeeded');
    const { id } = await app.webhook(`${sink.url}/live`, { concurrency: 2 });
    const { id: replayId } = await replay(id, { from_position: 0 });
    await eventually(() => at('/live').length >= 20);
    const before = at('/live').length;
    const live = await app.suspend();
    await eventually(() => at('/live').includes(live));
    const waited = at('/live').indexOf(live) - before;
    const { body } = await app.call('GET', `/admin/webhooks/${id}/replays/${replayId}`);
    expect(body.deliveries.pending).toBeGreaterThan(0);
    // Only deliveries sent while the event was on its way to the sender, one slot at a time, not the whole queue.
    expect(waited).toBeLessThan(60);
    await app.call('DELETE', `/admin/webhooks/${id}`);
    expect(await app.call('GET', `/admin/webhooks/${id}/replays/${replayId}`)).toMatchObject({ status: 404 });
  });

  it('keeps to the rate of the webhook, together with new deliveries', async () => {
    const [RATE, BEFORE, MEANWHILE] = [20, 20, 10];
    const product = await app.product();
    const events = await many(BEFORE, () => app.suspend(product));
    const witness = await app.webhook(`${sink.url}/unhurried`);
    await app.delivery(witness.id, await app.suspend(), ({ status }) => status === 'succeeded');
    const { id } = await app.webhook(`${sink.url}/paced`, { product_id: product, rate_limit: { per_second: RATE } });
    const since = performance.now();
    const { id: replayId } = await replay(id, { from_position: 0 });
    await eventually(() => at('/paced').length > 0);
    const live = await many(MEANWHILE, () => app.suspend(product));
    await until(id, replayId, completed);
    await eventually(() => at('/paced').length === BEFORE + MEANWHILE);
    expect(at('/paced').sort()).toEqual([...events, ...live].sort());
    expectPaced(
      sink.received.filter(({ path }) => path === '/hooks/paced'),
      since,
      RATE,
    );
  });

  it('keeps the order of an ordered webhook', async () => {
    const licenses = Array.from({ length: 3 }, () => newId('lic'));
    for (let n = 0; n < 12; n++) await app.suspend(undefined, licenses[n % 3]);
    const witness = await app.webhook(`${sink.url}/last`);
    await app.delivery(witness.id, await app.suspend(), ({ status }) => status === 'succeeded');
    const { id } = await app.webhook(`${sink.url}/ordered`, { ordering: 'by_subject' });
    await until(id, (await replay(id, { from_position: 0 })).id, completed);
    await until(id, (await replay(id, { from_position: 0 })).id, completed);
    for (const license of licenses) {
      const versions = sink.received
        .filter(({ path, body }) => path === '/hooks/ordered' && body.includes(license))
        .map(({ body }) => (JSON.parse(body) as { streamversion: number }).streamversion);
      expect(versions).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
    }
  });

  it('is refused without a selection, during another replay, and without access to the webhook', async () => {
    const { id } = await app.webhook(`${sink.url}/refused`, { active: false });
    const path = `/admin/webhooks/${id}/replays`;
    for (const body of [{}, { since: new Date().toISOString(), from_position: 1 }, { from: 1 }]) {
      expect(await app.call('POST', path, body)).toMatchObject({ status: 400 });
    }
    expect(await app.call('POST', path, { from_position: 0 })).toMatchObject({ body: { code: 'WEBHOOK_DISABLED' } });
    expect(await app.call('GET', `${path}/${newId('rpl')}`)).toMatchObject({ body: { code: 'REPLAY_NOT_FOUND' } });
    const other = `/admin/webhooks/${newId('whk')}/replays`;
    expect(await app.call('POST', other, { from_position: 0 })).toMatchObject({ body: { code: 'WEBHOOK_NOT_FOUND' } });
    // At one delivery per minute it is not finished before the next request.
    const slow = await app.webhook(`${sink.url}/one`, { rate_limit: { per_minute: 1 } });
    await replay(slow.id, { from_position: 0 });
    expect(await app.call('POST', `/admin/webhooks/${slow.id}/replays`, { from_position: 0 })).toMatchObject({
      status: 409,
      body: { code: 'REPLAY_UNDER_WAY' },
    });
  });
});

it('a replay waits while the circuit is open, and continues when it closes', async () => {
  const PAUSE = 100;
  const ladder = Array.from({ length: 50 }, () => 20);
  const app = await startWebhooks({ ...QUICK, ladder, circuit: { failures: 3, pause: PAUSE, longest: PAUSE } });
  let answer = 204;
  const sink = await startSink((_, response) => response.writeHead(answer).end());
  const { id } = await app.webhook(sink.url);
  const events = await many(20, () => app.suspend());
  await eventually(() => sink.received.length === events.length);
  answer = 500;
  events.push(...(await many(3, () => app.suspend())));
  await eventually(async () => (await app.call('GET', `/admin/webhooks/${id}`)).body.circuit.state !== 'closed');

  const { body: replay } = await app.call('POST', `/admin/webhooks/${id}/replays`, { from_position: 0 });
  const state = async (): Promise<Reply['body']> =>
    (await app.call('GET', `/admin/webhooks/${id}/replays/${replay.id}`)).body;
  await eventually(async () => (await state()).deliveries.pending === 20);
  const before = sink.received.length;
  await eventually(() => sink.received.length >= before + 4);
  const probes = sink.received.slice(before).map(({ at }) => at);
  // Only probes: one, and another after a pause.
  const pauses = probes.slice(1).map((at, n) => at - (probes[n] ?? 0));
  expect(Math.min(...pauses)).toBeGreaterThan(PAUSE * 0.8);
  expect(await state()).toMatchObject({ status: 'running', deliveries: { pending: 20, succeeded: 0, failed: 0 } });

  answer = 204;
  const closed = sink.received.length;
  await eventually(async () => (await state()).status === 'completed');
  expect((await state()).deliveries).toEqual({ pending: 0, succeeded: 20, failed: 0 });
  await eventually(() => sink.received.length >= closed + events.length);
  expect(
    sink.received
      .slice(closed)
      .map((one) => one.id)
      .sort(),
  ).toEqual([...events].sort());
  await app.close();
  await sink.close();
});
