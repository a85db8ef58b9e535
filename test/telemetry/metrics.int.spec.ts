import pg from 'pg';
import { newId } from '#domain/shared/id';
import { eventually } from '../support/app.ts';
import { QUICK, type Sink, startSink, startWebhooks, type Webhooks } from '../webhooks/harness.ts';
import { scrape, valueOf } from './prometheus.ts';

const DELIVERIES = { service: 'webhooks', subscription: 'deliveries' };

describe('/metrics', () => {
  let app: Webhooks;
  let sink: Sink;
  let failing: Sink;
  let database: pg.Client;

  beforeAll(async () => {
    app = await startWebhooks({ ...QUICK, ladder: [20] }, { retryLadder: [10] });
    sink = await startSink();
    failing = await startSink((_received, response) => response.writeHead(500).end());
    database = new pg.Client(app.databaseUrl);
    await database.connect();
  });
  afterAll(async () => {
    await database.end();
    await app.close();
    await Promise.all([sink.close(), failing.close()]);
  });

  const until = (name: string, labels: Record<string, string>, wanted: (value: number) => boolean): Promise<unknown> =>
    eventually(async () => {
      const value = valueOf(await scrape(app.url), name, labels);
      return value !== undefined && wanted(value);
    });

  it('times requests by operation, never by address', async () => {
    const id = newId('whk');
    await app.call('GET', `/admin/webhooks/${id}`);
    await app.call('GET', `/nowhere/${id}`);
    const samples = await scrape(app.url);
    const count = 'keyledger_http_request_duration_seconds_count';
    expect(valueOf(samples, count, { operation: 'readWebhook', status: '404' })).toBe(1);
    expect(valueOf(samples, count, { operation: 'none', status: '404' })).toBe(1);
    expect(samples.filter(({ labels }) => Object.values(labels).some((value) => /\/|whk_/.test(value)))).toEqual([]);
  });

  it('counts events and the flushes that wrote them', async () => {
    const events = 'keyledger_events_appended_total';
    const before = await scrape(app.url);
    await app.suspend();
    const after = await scrape(app.url);
    const grown = (name: string): number =>
      (valueOf(after, name, { service: 'licensing' }) ?? 0) - (valueOf(before, name, { service: 'licensing' }) ?? 0);
    expect(grown(events)).toBe(1);
    expect(grown('keyledger_flushes_total')).toBe(1);
  });

  it('shows background work by service and kind', async () => {
    const work = { service: 'webhooks', work: 'replays' };
    await until('keyledger_work_runs_total', work, (runs) => runs > 0);
    const samples = await scrape(app.url);
    for (const name of ['done_total', 'failures_total', 'lag_seconds'])
      expect(valueOf(samples, `keyledger_work_${name}`, work)).toBe(0);
  });

  it('counts attempts by the outcome of the delivery', async () => {
    await app.webhook(sink.url, { events: ['license.suspended'] });
    const { id } = await app.webhook(failing.url, { events: ['license.suspended'] });
    await app.suspend();
    await eventually(() => sink.received.length === 1 && failing.received.length === 2);
    const attempts = 'keyledger_webhook_attempt_duration_seconds_count';
    await until(attempts, { outcome: 'failed' }, (value) => value === 1);
    const samples = await scrape(app.url);
    expect(valueOf(samples, attempts, { outcome: 'retrying' })).toBe(1);
    expect(valueOf(samples, attempts, { outcome: 'succeeded' })).toBe(1);
    await app.call('DELETE', `/admin/webhooks/${id}`);
  });

  it('shows how far a subscription is behind, and when it has caught up', async () => {
    const lag = 'keyledger_subscription_lag_events';
    const labels = { ...DELIVERIES, source: 'licensing' };
    await until(lag, labels, (value) => value === 0);
    await database.query('begin; lock table webhooks.deliveries in access exclusive mode');
    try {
      for (let more = 0; more < 3; more++) await app.suspend();
      expect(valueOf(await scrape(app.url), lag, labels)).toBeGreaterThanOrEqual(3);
    } finally {
      await database.query('rollback');
    }
    await until(lag, labels, (value) => value === 0);
  });

  it('shows parked events: dead letters and the events that wait behind them', async () => {
    const parked = 'keyledger_parked_events';
    for (const status of ['waiting', 'retrying', 'dead']) {
      expect(valueOf(await scrape(app.url), parked, { ...DELIVERIES, status })).toBe(0);
    }
    await database.query('alter table webhooks.deliveries add constraint closed check (false) not valid');
    const license = newId('lic');
    await app.suspend(undefined, license);
    await until(parked, { ...DELIVERIES, status: 'dead' }, (value) => value === 1);
    await app.suspend(undefined, license);
    await until(parked, { ...DELIVERIES, status: 'waiting' }, (value) => value === 1);
    expect(valueOf(await scrape(app.url), parked, { ...DELIVERIES, status: 'retrying' })).toBe(0);
  });
});
