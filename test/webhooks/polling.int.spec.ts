import { eventually, type Reply } from '../support/app.ts';
import { startSink, startWebhooks, type Sink, type Webhooks } from './harness.ts';

describe('polling', () => {
  let app: Webhooks;
  let sink: Sink;
  beforeAll(async () => {
    app = await startWebhooks();
    sink = await startSink();
  });
  afterAll(async () => {
    await app.close();
    await sink.close();
  });

  const poll = async (id: string, query = ''): Promise<Reply['body']> => {
    const { status, body } = await app.call('GET', `/admin/webhooks/${id}/poll${query}`);
    expect(status).toBe(200);
    return body;
  };
  const ids = ({ data }: { data: { id: string }[] }): string[] => data.map(({ id }) => id);

  it('returns the events that match the webhook, each once, in order, without sending them', async () => {
    const product = await app.product();
    const { id } = await app.webhook(`${sink.url}/polled`, { active: false, product_id: product });
    const events: string[] = [];
    for (let n = 0; n < 5; n++) {
      events.push(await app.suspend(product));
      await app.suspend();
    }
    await eventually(async () => ids(await poll(id)).length === events.length);
    const first = await poll(id, '?limit=4');
    expect(first.has_more).toBe(true);
    const got: string[] = [];
    let page = await poll(id, '?limit=2');
    for (;;) {
      got.push(...ids(page));
      if (page.has_more === false) break;
      page = await poll(id, `?limit=2&cursor=${page.next_cursor}`);
    }
    expect(got).toEqual(events);
    expect((await poll(id, `?cursor=${page.next_cursor}`)).data).toEqual([]);
    const next = await app.suspend(product);
    const more = await eventually(async () => {
      const found = await poll(id, `?cursor=${page.next_cursor}`);
      return found.data.length > 0 && found;
    });
    expect(ids(more)).toEqual([next]);
    expect(more.data[0]).toMatchObject({
      specversion: '1.0',
      type: 'license.suspended',
      data: { product_id: product },
    });
    expect(sink.received).toEqual([]);
  });

  it('applies the filter of the webhook', async () => {
    const [one, other] = [await app.product(), await app.product()];
    const { id } = await app.webhook(`${sink.url}/filtered`, {
      active: false,
      filter: { path: 'data.product_id', eq: one },
    });
    await app.suspend(other);
    const event = await app.suspend(one);
    await eventually(async () => ids(await poll(id)).length > 0);
    expect(ids(await poll(id))).toEqual([event]);
  });

  it('refuses an invalid cursor, and one older than the retention', async () => {
    const { id } = await app.webhook(`${sink.url}/old`, { active: false });
    expect(await app.call('GET', `/admin/webhooks/${id}/poll?cursor=x`)).toMatchObject({ status: 400 });
    const old = Buffer.from(JSON.stringify([1, Math.floor(Date.now() / 86_400_000) - 60])).toString('base64url');
    expect(await app.call('GET', `/admin/webhooks/${id}/poll?cursor=${old}`)).toMatchObject({
      status: 410,
      body: { code: 'CURSOR_TOO_OLD' },
    });
  });
});
