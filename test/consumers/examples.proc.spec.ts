import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import type { Producer } from 'kafkajs';
import { contracts } from '../../apps/keyledger/src/services.ts';
import { catalogue } from '#events/catalogue/catalogue';
import type { PublishedEvent } from '#events/event';
import { toMessage } from '#events/kafka/cloudevents';
import { ensureTopicNamed, kafkaClient } from '#events/kafka/topic';
import { eventually } from '../support/app.ts';
import { stop } from '../support/children.ts';
import { kafkaUnavailable, sharedKafka } from '../support/kafka.ts';
import { languages } from './languages.ts';

const STATUSES = ['active', 'suspended', 'past_due'];
const LICENSES = 40;
/** Events of each license. */
const EACH = 25;

/** Events that the services would publish for a license, including fields and types that no consumer knows yet. */
const eventOf = (license: string, version: number): PublishedEvent => {
  const example = catalogue(contracts).data.find(({ type }) => type === 'license.renewed')?.examples[0];
  if (example === undefined) throw new Error('the catalogue has no example of license.renewed');
  const type = version % 5 === 0 ? 'license.painted' : 'license.renewed';
  const status = STATUSES[version % STATUSES.length];
  return {
    ...example,
    id: `evt_${license}_${version}`,
    type,
    subject: license,
    streamversion: version,
    data: { ...example.data, status, color_of_tomorrow: { deep: [version] } },
  };
};

const licenses = Array.from({ length: LICENSES }, (_, n) => `lic_${n}`);
const versions = (from: number, to: number): PublishedEvent[] =>
  Array.from({ length: to - from + 1 }, (_, n) => licenses.map((license) => eventOf(license, from + n))).flat();

/** Waits until the child has the file open and has had time to ask for a lock on it; without /proc, for two seconds. */
const opens = async ({ child }: { child: ChildProcess }, file: string): Promise<void> => {
  const handles = `/proc/${child.pid}/fd`;
  if (existsSync(handles))
    await eventually(
      () =>
        child.exitCode !== null ||
        readdirSync(handles).some((handle) => {
          try {
            return readlinkSync(join(handles, handle)) === file;
          } catch {
            return false; // The handle was closed after the folder was read.
          }
        }),
    );
  await setTimeout(existsSync(handles) ? 250 : 2000);
};

const unavailable = kafkaUnavailable();
const suite = unavailable === undefined ? describe : describe.skip;

suite(`the example consumers${unavailable === undefined ? '' : ` (${unavailable})`}`, () => {
  let brokers: string[];
  let folder: string;
  let producer: Producer;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    ({ brokers } = await sharedKafka());
    folder = mkdtempSync(join(tmpdir(), 'keyledger-consumers-'));
    producer = kafkaClient({ brokers, clientId: 'consumers.spec' }).producer();
    await producer.connect();
  });
  afterAll(async () => {
    await Promise.all(children.map((child) => stop(child, 'SIGKILL')));
    await producer.disconnect();
    rmSync(folder, { recursive: true });
  });

  for (const { name, missing, prepare } of languages) {
    // In CI a missing language fails the test; elsewhere the reason is printed and the test counts as skipped.
    const test = missing === undefined || process.env['CI'] === 'true' ? it : it.skip;
    if (missing !== undefined) console.error(`DID NOT RUN: the consumer in ${name}: ${missing}.`);

    test(`${name} has each event take effect once, although it is killed and restarted midway`, async () => {
      const [program, ...args] = prepare();
      const topic = `consumers.${randomBytes(4).toString('hex')}`;
      const database = join(folder, `${topic}.sqlite`);
      await ensureTopicNamed({ brokers, clientId: 'consumers.spec' }, topic);
      const send = (events: readonly PublishedEvent[]) =>
        producer.send({ topic, acks: -1, messages: events.map(toMessage) });
      const start = (): { child: ChildProcess; said: string[] } => {
        const child = spawn(program, args, {
          env: {
            ...process.env,
            NODE_OPTIONS: '',
            KAFKA_BROKERS: brokers.join(','),
            TOPIC: topic,
            GROUP: topic,
            DATABASE: database,
            SESSION_TIMEOUT_MS: '1500',
          },
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        children.push(child);
        const said: string[] = [];
        child.stderr?.on('data', (text: Buffer) => said.push(text.toString()));
        return { child, said };
      };
      const effects = (): number => {
        try {
          const db = new DatabaseSync(database, { readOnly: true });
          try {
            return Number(db.prepare('select coalesce(sum(count), 0) as n from happened').get()?.['n'] ?? 0);
          } finally {
            db.close();
          }
        } catch (error) {
          // The consumer has not created its tables yet, or is about to write to them.
          if (/unable to open|no such table|locked/.test(String(error))) return 0;
          throw error;
        }
      };
      const until = (count: number, { child, said }: ReturnType<typeof start>) =>
        eventually(() => {
          if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}:\n${said.join('')}`);
          return effects() >= count;
        });

      await send(versions(1, 10));
      // Another program holds the database while the consumer starts.
      const holder = new DatabaseSync(database);
      holder.exec('begin exclusive');
      const first = start();
      await opens(first, database);
      holder.exec('rollback');
      holder.close();
      await until(1, first);
      // The consumer is killed while more messages follow, and does not know which offset Kafka has committed for it.
      await send(versions(11, 15));
      await stop(first.child, 'SIGKILL');
      // Some messages are sent again, as after a crash of Keyledger, and a foreign program writes into the topic.
      await send(versions(3, 8));
      await producer.send({
        topic,
        messages: [
          { key: 'lic_1', value: 'not an event' },
          { key: 'lic_2', value: null },
        ],
      });
      await send(versions(16, EACH));
      const second = start();
      await until(LICENSES * EACH, second);
      await stop(second.child, 'SIGTERM');

      const db = new DatabaseSync(database, { readOnly: true });
      const happened = db.prepare('select type, count from happened order by type').all();
      const kept = db.prepare('select id, status, version from licenses order by id').all();
      db.close();
      expect(happened.map(({ type, count }) => [type, count])).toEqual([
        ['license.painted', LICENSES * (EACH / 5)],
        ['license.renewed', LICENSES * (EACH - EACH / 5)],
      ]);
      expect(kept.map(({ id, status, version }) => [id, status, version])).toEqual(
        [...licenses].sort().map((id) => [id, STATUSES[EACH % STATUSES.length], EACH]),
      );
    });
  }
});
