import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { fromMessage } from '#events/kafka/cloudevents';
import { kafkaClient } from '#events/kafka/topic';
import { eventually, startApp, type TestApp } from '../support/app.ts';
import { kafkaUnavailable, sharedKafka } from '../support/kafka.ts';

const CLI = join(import.meta.dirname, '../../dist/apps/keyledger/src/cli.js');
const unavailable = kafkaUnavailable();
const suite = unavailable === undefined ? describe : describe.skip;

suite(`keyledger events republish${unavailable === undefined ? '' : ` (${unavailable})`}`, () => {
  let app: TestApp;
  let brokers: string[];
  let wanted: string[];

  beforeAll(async () => {
    ({ brokers } = await sharedKafka());
    app = await startApp({ services: [gatewayService, licensingService] });
    const product = { name: 'One', slug: 'one', type: 'desktop' };
    const { id } = (await app.call('POST', '/admin/products', product)).body;
    for (let n = 0; n < 30; n++)
      await Promise.all(
        Array.from({ length: 20 }, (_, m) => app.call('PATCH', `/admin/products/${id}`, { name: `${n}.${m}` })),
      );
    wanted = [];
    for (let cursor = '', more = true; more;) {
      const { body } = await app.call('GET', `/events?limit=200&types=product.*${cursor}`);
      wanted.push(...body.data.map((event: { id: string }) => event.id));
      cursor = `&after=${body.next_cursor}`;
      more = body.has_more;
    }
  });
  afterAll(() => app.close());

  /** Runs the command; `onSaid` receives its output while it runs. */
  const run = async (args: string[], onSaid: (text: string, kill: () => void) => void = () => undefined) => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=TimeoutNegativeWarning', CLI, 'events', 'republish', ...args],
      {
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          DATABASE_URL: app.databaseUrl,
          KAFKA_BROKERS: brokers.join(','),
          KEYLEDGER_MASTER_KEY: Buffer.alloc(32, 42).toString('base64'),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => {
        said += text.toString();
        onSaid(said, () => child.kill('SIGKILL'));
      });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, said };
  };

  it('continues after a kill, and reports its progress', async () => {
    const topic = `side.${randomBytes(4).toString('hex')}`;
    const args = ['--service', 'licensing', '--from', '1', '--topic', topic, '--batch', '10'];
    const killed = await run(args, (said, kill) => {
      if (said.includes('events sent, up to position')) kill();
    });
    expect(killed.code).toBeNull();
    const { code, said } = await run(args);
    expect([code, said]).toEqual([0, expect.stringMatching(/Sent \d+ events of licensing to side\./)]);
    expect(Number(/Sent (\d+) events/.exec(said)?.[1])).toBeLessThan(wanted.length);

    const consumer = kafkaClient({ brokers, clientId: topic }).consumer({ groupId: topic });
    const got: string[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        got.push(fromMessage(message).id);
      },
    });
    await eventually(() => new Set(got).size >= wanted.length);
    await consumer.disconnect();
    // The events of one product are in one partition: the first copy of each event is in the order of the log.
    expect([...new Set(got)]).toEqual(wanted);
  });

  it.each([
    ['a live topic', ['--service', 'licensing', '--from', '1', '--topic', 'keyledger.licensing'], 'name another topic'],
    ['an unknown service', ['--service', 'licencing', '--from', '1', '--topic', 'side.x'], 'There is no service'],
    ['no position', ['--service', 'licensing', '--from', 'x', '--topic', 'side.x'], 'whole number above 0'],
    ['no topic', ['--service', 'licensing', '--from', '1'], '--topic'],
  ])('refuses %s', async (_, args, message) => {
    const { code, said } = await run(args);
    expect([code, said]).toEqual([1, expect.stringContaining(message)]);
  });
});
