import { networkInterfaces } from 'node:os';
import { request } from 'undici';
import { eventually } from '../support/app.ts';
import { freshDatabase } from '../support/postgres.ts';
import { QUICK, startSink, startWebhooks } from '../webhooks/harness.ts';
import { type DatabaseDoor, databaseDoor } from './database-door.ts';
import { parseMetrics, valueOf } from './prometheus.ts';

const get = async (
  url: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> => {
  const { statusCode, body } = await request(`${url}${path}`, { headers });
  return { status: statusCode, text: await body.text() };
};

describe('/readyz', () => {
  it('answers 503 while PostgreSQL is unavailable, then 200; /healthz and /metrics always answer', async () => {
    const database = await freshDatabase();
    const door: DatabaseDoor = await databaseDoor(database.url);
    const app = await startWebhooks(QUICK, { databaseUrl: door.url });
    try {
      expect((await get(app.url, '/readyz')).status).toBe(200);
      await door.shut();
      await eventually(async () => (await get(app.url, '/readyz')).status === 503);
      const { text } = await get(app.url, '/readyz');
      expect(JSON.parse(text)).toMatchObject({
        status: 'unavailable',
        checks: expect.arrayContaining([{ name: 'webhooks database', status: 'failed' }]),
      });
      expect(text).not.toMatch(/ECONN|127\.0\.0\.1/);
      expect((await get(app.url, '/healthz')).status).toBe(200);
      const metrics = await get(app.url, '/metrics');
      expect(metrics.status).toBe(200);
      const samples = parseMetrics(metrics.text);
      expect(samples.filter(({ name }) => name === 'keyledger_parked_events')).toEqual([]);
      expect(valueOf(samples, 'keyledger_events_appended_total', { service: 'gateway' })).toBeGreaterThan(0);
      await door.open();
      await eventually(async () => (await get(app.url, '/readyz')).status === 200);
    } finally {
      await app.close();
      await door.shut();
      await database.drop();
    }
  });

  it('answers 503 as soon as the process begins to stop, while it finishes current requests', async () => {
    const app = await startWebhooks({ ...QUICK, grace: 5_000 });
    let answer = (): unknown => undefined;
    const sink = await startSink((_received, response) => (answer = () => response.writeHead(204).end()));
    await app.webhook(sink.url);
    await app.suspend();
    await eventually(() => sink.received.length === 1);
    const closed = app.close();
    try {
      const { status, text } = await get(app.url, '/readyz');
      expect({ status, body: JSON.parse(text) as unknown }).toEqual({
        status: 503,
        body: { status: 'stopping', checks: [] },
      });
      expect((await get(app.url, '/healthz')).status).toBe(200);
    } finally {
      answer();
      await closed;
      await sink.close();
    }
  });
});

describe('/metrics is shown', () => {
  it('to loopback addresses, which no header can claim', async () => {
    const app = await startWebhooks(QUICK, {
      env: {
        HOST: '0.0.0.0',
        KEYLEDGER_TRUSTED_PROXIES: '0.0.0.0/1,128.0.0.0/1',
        KEYLEDGER_PUBLIC_URL: 'http://127.0.0.1',
      },
    });
    const { port } = new URL(app.url);
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
    try {
      expect((await get(`http://127.0.0.1:${port}`, '/metrics')).status).toBe(200);
      for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via']) {
        expect((await get(`http://127.0.0.1:${port}`, '/metrics', { [name]: '127.0.0.1' })).status).toBe(403);
      }
      // A machine without a network has no other address to test from.
      if (outside !== undefined) {
        for (const headers of [undefined, { 'x-forwarded-for': '127.0.0.1' }]) {
          expect((await get(`http://${outside}:${port}`, '/metrics', headers)).status).toBe(403);
        }
      }
    } finally {
      await app.close();
    }
  });

  it('only to callers with the token, when one is configured', async () => {
    const app = await startWebhooks(QUICK, { env: { KEYLEDGER_METRICS_TOKEN: 'scraper' } });
    try {
      const { status, text } = await get(app.url, '/metrics', { authorization: 'Bearer scraper' });
      expect(status).toBe(200);
      expect(parseMetrics(text).length).toBeGreaterThan(0);
      for (const authorization of ['Bearer scrapes', 'Bearer undefined', 'scraper', '']) {
        expect((await get(app.url, '/metrics', { authorization })).status).toBe(403);
      }
      expect((await get(app.url, '/metrics')).status).toBe(403);
    } finally {
      await app.close();
    }
  });
});
