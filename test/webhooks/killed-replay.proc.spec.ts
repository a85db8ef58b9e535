import { once } from 'node:events';
import { eventually } from '../support/app.ts';
import { QUICK, startSink, startWebhooks } from './harness.ts';
import { killSenders, startSender } from './sender-process.ts';

const CONCURRENCY = 10;
const EVENTS = 800;
/** How many receipts to wait for before each kill. */
const KILLS = [80, 250, 450];

describe('a replay whose sender is killed', () => {
  afterEach(killSenders);

  it('continues, omits nothing, and repeats only what was in progress', async () => {
    // This process takes in events and feeds replays, and sends nothing itself.
    const settings = { ...QUICK, concurrency: 0 };
    const first = await startWebhooks(settings);
    const sink = await startSink((_, response) => setTimeout(() => response.writeHead(204).end(), 5));
    const witness = await first.webhook(`${sink.url}/witness`);
    const events = await Promise.all(Array.from({ length: EVENTS }, () => first.suspend()));
    await first.delivery(witness.id, await first.suspend(), () => true);
    await first.call('DELETE', `/admin/webhooks/${witness.id}`);
    const { id } = await first.webhook(`${sink.url}/replayed`);
    const { body: replay } = await first.call('POST', `/admin/webhooks/${id}/replays`, { from_position: 0 });

    for (const receipts of KILLS) {
      const sender = startSender(first);
      await eventually(() => sink.received.length >= receipts);
      sender.kill('SIGKILL');
      await once(sender, 'exit');
    }
    // From now on, another process feeds the replay.
    await first.app.close();
    const second = await startWebhooks(settings, { databaseUrl: first.databaseUrl });
    startSender(second);
    await eventually(async () => {
      const { body } = await second.call('GET', `/admin/webhooks/${id}/replays/${replay.id}`);
      return body.status === 'completed' && body;
    });

    const ids = sink.received.map((one) => one.id);
    expect(new Set(ids).size).toBe(EVENTS + 1);
    expect(ids).toEqual(expect.arrayContaining(events));
    expect(ids.length - (EVENTS + 1)).toBeLessThanOrEqual(KILLS.length * CONCURRENCY);
    killSenders();
    await second.app.close();
    await first.close();
    await sink.close();
  });
});
