import { newId } from '#domain/shared/id';
import { eventually, type Reply } from '../support/app.ts';
import { QUICK, type Sink, startSink, startWebhooks, type Webhooks } from './harness.ts';

describe('the views of a webhook', () => {
  let app: Webhooks;
  let sink: Sink;
  let answer = 204;
  beforeAll(async () => {
    app = await startWebhooks({ ...QUICK, ladder: [20] });
    sink = await startSink((_, response) => response.writeHead(answer).end('said'));
  });
  afterAll(async () => {
    await app.close();
    await sink.close();
  });
  beforeEach(() => (answer = 204));

  const get = async (path: string): Promise<Reply['body']> => {
    const { status, body } = await app.call('GET', `/admin/webhooks/${path}`);
    expect(status).toBe(200);
    return body;
  };

  it('list its deliveries by any known property', async () => {
    const { id } = await app.webhook(`${sink.url}/listed`, { ordering: 'none' });
    const license = newId('lic');
    const good = await app.suspend(undefined, license);
    const first = await app.delivery(id, good, ({ status }) => status === 'succeeded');
    answer = 503;
    const bad = await app.suspend();
    const second = await app.delivery(id, bad, ({ status }) => status === 'failed');
    expect(first).toMatchObject({ subject: license, replay_id: null, position: expect.any(Number) });
    const found = async (query: string): Promise<string[]> =>
      ((await get(`${id}/deliveries?${query}`)).data as { id: string }[]).map((one) => one.id);
    expect(await found('')).toEqual([second.id, first.id]);
    expect(await found(`subject=${license}`)).toEqual([first.id]);
    expect(await found(`event_id=${bad}`)).toEqual([second.id]);
    expect(await found('response_status=503')).toEqual([second.id]);
    expect(await found('status=failed&event_type=license.suspended')).toEqual([second.id]);
    expect(await found(`since=${second.created_at}`)).toEqual([second.id]);
    expect(await found(`until=${second.created_at}`)).toEqual([first.id]);
  });

  it('show each attempt with its original request, without secrets', async () => {
    const { id } = await app.webhook(`${sink.url}/before`, { headers: { 'X-Shop': 'one', 'X-Api-Key': 'hush' } });
    answer = 500;
    const event = await app.suspend();
    const { id: delivery } = await app.delivery(id, event, ({ status }) => status === 'failed');
    answer = 204;
    await app.call('PATCH', `/admin/webhooks/${id}`, { url: `${sink.url}/after`, payload_format: 'plain' });
    await app.call('POST', `/admin/webhooks/${id}/deliveries/${delivery}/resend`);
    await app.delivery(id, event, ({ status }) => status === 'succeeded');
    const { data } = await get(`${id}/deliveries/${delivery}/attempts`);
    expect(data.map(({ response_status }: { response_status: number }) => response_status)).toEqual([204, 500, 500]);
    const [last, , first] = data as { request: { url: string; headers: Record<string, string>; body: string } }[];
    expect(first?.request).toMatchObject({ method: 'POST', url: `${sink.url}/before` });
    expect(last?.request).toMatchObject({ url: `${sink.url}/after`, headers: { 'content-type': 'application/json' } });
    const received = sink.received.filter((one) => one.id === event && !one.path.endsWith('/listed'));
    for (const [request, got] of [
      [first?.request, received[0]],
      [last?.request, received[2]],
    ] as const) {
      expect(request?.body).toBe(got?.body);
      const { 'webhook-signature': signature, 'x-api-key': key, ...headers } = request?.headers ?? {};
      expect([signature, key]).toEqual(['********', '********']);
      expect(got?.headers).toMatchObject(headers);
    }
    expect((await get(`${id}/deliveries/${delivery}/attempts?limit=1`)).data).toHaveLength(1);
  });

  it('show its condition: rates, latencies, and waiting deliveries', async () => {
    const { id } = await app.webhook(`${sink.url}/counted`, { ordering: 'strict', retry_schedule: [3_600] });
    for (const event of [await app.suspend(), await app.suspend(), await app.suspend()]) {
      await app.delivery(id, event, ({ status }) => status === 'succeeded');
    }
    answer = 500;
    const stuck = await app.suspend();
    await app.suspend();
    await app.delivery(id, stuck, ({ attempts }) => attempts.length === 1);
    const seen = await eventually(async () => {
      const body = await get(`${id}/statistics`);
      return body.attempts === 4 && body.queue.pending === 2 && body;
    });
    expect(seen).toMatchObject({
      succeeded: 3,
      failed: 1,
      success_rate: 0.75,
      queue: { waiting: 1, oldest_pending_at: expect.any(String), oldest_age_seconds: expect.any(Number) },
    });
    expect(seen.latency_ms.p50).toBeGreaterThan(0);
    expect(seen.latency_ms.p99).toBeGreaterThanOrEqual(seen.latency_ms.p50);
    const days = await get(`${id}/statistics?bucket=day&since=2020-01-01T00:00:00.000Z`);
    expect(days.buckets.reduce((sum: number, { attempts }: { attempts: number }) => sum + attempts, 0)).toBe(4);
    expect((await get(`${id}/statistics?until=2020-01-01T00:00:00.000Z`)).success_rate).toBeNull();
  });
});
