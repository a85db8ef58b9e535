import { once } from 'node:events';
import { newId } from '#domain/shared/id';
import { eventually } from '../support/app.ts';
import { scale } from '../support/scale.ts';
import { QUICK, startSink, startWebhooks } from './harness.ts';
import { killSenders, startSender } from './sender-process.ts';

const CONCURRENCY = 10;

describe('a sender that is killed', () => {
  afterEach(killSenders);

  it.each([
    ['none', scale(1_250, 5_000), scale(5, 20)],
    ['by_subject', 600, 4],
  ])(
    'loses nothing, and repeats only attempts in progress, with the same ids (ordering %s, %i deliveries, %i kills)',
    async (ordering, EVENTS, KILLS) => {
      // Takes in events and sends nothing itself.
      const app = await startWebhooks({ ...QUICK, concurrency: 0 });
      const sink = await startSink((_, response) => setTimeout(() => response.writeHead(204).end(), 5));
      const { id } = await app.webhook(sink.url, { ordering });
      const licenses = Array.from({ length: 30 }, () => newId('lic'));
      const events = await Promise.all(
        Array.from({ length: EVENTS }, (_, n) => app.suspend(undefined, licenses[n % 30])),
      );

      for (let kill = 1; kill <= KILLS; kill++) {
        const receipts = sink.received.length + Math.floor((EVENTS * 0.7) / KILLS);
        const sender = startSender(app);
        await eventually(() => sink.received.length >= receipts);
        sender.kill('SIGKILL');
        await once(sender, 'exit');
      }
      const last = startSender(app);
      await eventually(async () => {
        const { body } = await app.call('GET', `/admin/webhooks/${id}/deliveries?status=pending&limit=1`);
        return sink.received.length >= EVENTS && body.data.length === 0;
      });
      last.kill('SIGKILL');
      await once(last, 'exit');

      const ids = sink.received.map((one) => one.id);
      expect(new Set(ids)).toEqual(new Set(events));
      expect(ids.length - EVENTS).toBeLessThanOrEqual(KILLS * CONCURRENCY);
      if (ordering === 'by_subject') {
        const versions = new Map<string, number>();
        for (const { body } of sink.received) {
          const { subject, streamversion } = JSON.parse(body) as { subject: string; streamversion: number };
          const before = versions.get(subject) ?? 0;
          // A repetition after a kill, or the next version: none is omitted, and none arrives late.
          expect([before, before + 1]).toContain(streamversion);
          versions.set(subject, streamversion);
        }
      }
      await app.close();
      await sink.close();
    },
  );
});
