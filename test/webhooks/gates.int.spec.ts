import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/app.ts';
import { expectPaced, QUICK, startSink, startWebhooks, type Webhooks } from './harness.ts';

const circuitOf = async (app: Webhooks, id: string) => (await app.call('GET', `/admin/webhooks/${id}`)).body.circuit;

describe('a rate limit', () => {
  it('holds for all instances together, without saving unused slots or changing the order', async () => {
    const [RATE, COUNT] = [20, 30];
    const one = await startWebhooks();
    const two = await startWebhooks(QUICK, { databaseUrl: one.databaseUrl });
    const sink = await startSink();
    await one.webhook(sink.url, { rate_limit: { per_second: RATE } });
    for (const round of [1, 2]) {
      const since = performance.now();
      const events = await Promise.all(Array.from({ length: COUNT }, () => one.suspend()));
      await eventually(() => sink.received.length >= round * COUNT);
      const received = sink.received.slice(-COUNT);
      expect(received.map(({ id }) => id).sort()).toEqual([...events].sort());
      expectPaced(received, since, RATE);
      // Enough time for more than one delivery, if unused slots were kept.
      await sleep(500);
    }
    await two.app.close();
    await one.close();
    await sink.close();
  });

  it('of one webhook does not limit another', async () => {
    const app = await startWebhooks();
    const sink = await startSink();
    await app.webhook(`${sink.url}/slow`, { rate_limit: { per_minute: 1 } });
    await app.webhook(`${sink.url}/free`);
    const at = (path: string) => sink.received.filter((one) => one.path.endsWith(path));
    await Promise.all(Array.from({ length: 30 }, () => app.suspend()));
    await eventually(() => at('/free').length === 30);
    expect(at('/slow')).toHaveLength(1);
    await app.close();
    await sink.close();
  });
});

describe('a circuit', () => {
  const settings = { ...QUICK, ladder: Array.from({ length: 50 }, () => 3_600_000) };

  it('opens after consecutive failures; waiting deliveries keep their schedule until a probe succeeds', async () => {
    const app = await startWebhooks({ ...settings, circuit: { failures: 10, pause: 1_000, longest: 1_000 } });
    let answer = 500;
    const sink = await startSink((_, response) => response.writeHead(answer).end());
    const { id } = await app.webhook(sink.url);
    const events = await Promise.all(Array.from({ length: 100 }, () => app.suspend()));
    const open = await eventually(async () => {
      const circuit = await circuitOf(app, id);
      return circuit.state === 'open' && circuit;
    });
    expect(open).toMatchObject({ opened_at: expect.any(String), next_probe_at: expect.any(String) });
    expect(open.failures).toBeGreaterThanOrEqual(10);
    // The attempts in progress when it opened, and a probe or two since; not all hundred.
    expect(sink.received.length).toBeLessThan(40);
    const before = sink.received.length;
    await eventually(() => sink.received.length > before);
    answer = 204;
    await eventually(async () => (await circuitOf(app, id)).state === 'closed');
    await eventually(async () => {
      const { body } = await app.call('GET', `/admin/webhooks/${id}/deliveries?status=succeeded&limit=200`);
      const { body: pending } = await app.call('GET', `/admin/webhooks/${id}/deliveries?status=pending&limit=200`);
      const tried = (pending.data as { attempts: unknown[] }[]).filter(({ attempts }) => attempts.length === 1);
      // Failed deliveries wait for their hour; every other one arrived at its first attempt.
      return body.data.length + tried.length === events.length;
    });
    expect(await circuitOf(app, id)).toMatchObject({ failures: 0, opened_at: null, next_probe_at: null });
    await app.close();
    await sink.close();
  });

  it('is probed by one attempt at a time, at growing intervals, with any number of instances', async () => {
    const PAUSE = 100;
    const slow = { ...settings, circuit: { failures: 3, pause: PAUSE, longest: 10_000 } };
    const one = await startWebhooks(slow);
    const two = await startWebhooks(slow, { databaseUrl: one.databaseUrl });
    let underWay = 0;
    let most = 0;
    let opened = false;
    const sink = await startSink((_, response) => {
      if (opened) most = Math.max(most, ++underWay);
      setTimeout(() => {
        if (opened) underWay--;
        response.writeHead(503).end();
      }, 20);
    });
    const { id } = await one.webhook(sink.url, { concurrency: 3 });
    await Promise.all(Array.from({ length: 60 }, () => one.suspend()));
    await eventually(async () => (await circuitOf(one, id)).state === 'open');
    // Attempts of both instances that were in progress when it opened.
    await eventually(async () => {
      const { body } = await one.call('GET', `/admin/webhooks/${id}`);
      return body.circuit.failures === sink.received.length;
    });
    opened = true;
    const before = sink.received.length;
    await eventually(() => sink.received.length >= before + 3);
    const probes = sink.received.slice(before).map(({ at }) => at);
    const [first = 0, second = 0, third = 0] = probes;
    expect(second - first).toBeGreaterThan(2 * PAUSE);
    expect(third - second).toBeGreaterThan(4 * PAUSE);
    expect(most).toBe(1);
    await two.app.close();
    await one.close();
    await sink.close();
  });

  it('survives a restart, and closes when the webhook is enabled or its URL changes', async () => {
    const slow = { ...settings, circuit: { failures: 3, pause: 3_600_000, longest: 3_600_000 } };
    const before = await startWebhooks(slow);
    const sink = await startSink(({ path }, response) => response.writeHead(path.endsWith('/moved') ? 204 : 500).end());
    const { id } = await before.webhook(sink.url);
    await Promise.all(Array.from({ length: 40 }, () => before.suspend()));
    await eventually(async () => (await circuitOf(before, id)).state === 'open');
    await before.app.close();
    const after = await startWebhooks(slow, { databaseUrl: before.databaseUrl });
    expect(await circuitOf(after, id)).toMatchObject({ state: 'open' });
    const control = await after.webhook(`${sink.url}/moved`);
    const event = await after.suspend();
    await after.delivery(control.id, event, ({ status }) => status === 'succeeded');
    expect(sink.received.filter((one) => one.id === event)).toHaveLength(1);
    await after.call('PATCH', `/admin/webhooks/${id}`, { url: `${sink.url}/moved` });
    await after.delivery(id, event, ({ status }) => status === 'succeeded');
    expect(await circuitOf(after, id)).toMatchObject({ state: 'closed', failures: 0 });
    await after.close();
    await sink.close();
  });
});
