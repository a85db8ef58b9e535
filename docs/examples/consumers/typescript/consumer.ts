/**
 * Keeps a table of licenses, and counts what happened, from Keyledger's events over Kafka. Each event has its effect once,
 * whenever this is killed: the effect and the note that it was had are one transaction; Kafka's offsets follow after it.
 * Run it with `npm install && npm start`. It needs Node 24 and nothing else: the table is in SQLite.
 */
import { DatabaseSync } from 'node:sqlite';
import { type EachBatchPayload, Kafka, type KafkaMessage, logLevel } from 'kafkajs';

const env = process.env;
const topic = env['TOPIC'] ?? 'keyledger.licensing';
const kafka = new Kafka({
  clientId: 'license-table',
  brokers: (env['KAFKA_BROKERS'] ?? 'localhost:9092').split(','),
  logLevel: logLevel.ERROR,
});
const consumer = kafka.consumer({
  groupId: env['GROUP'] ?? 'my-team.license-table',
  sessionTimeout: Number(env['SESSION_TIMEOUT_MS'] ?? 10_000),
  heartbeatInterval: Number(env['SESSION_TIMEOUT_MS'] ?? 10_000) / 3,
});

const db = new DatabaseSync(env['DATABASE'] ?? 'licenses.sqlite');
db.exec(`
  pragma busy_timeout = 5000; -- First: the next line takes a lock.
  pragma journal_mode = wal;
  create table if not exists seen (id text primary key);
  create table if not exists licenses (id text primary key, status text not null, version integer not null);
  create table if not exists happened (type text primary key, count integer not null);
`);
const see = db.prepare('insert or ignore into seen (id) values (?)');
const count = db.prepare(
  'insert into happened (type, count) values (?, 1) on conflict (type) do update set count = count + 1',
);
const keep = db.prepare(`
  insert into licenses (id, status, version) values (?, ?, ?)
  on conflict (id) do update set status = excluded.status, version = excluded.version where version < excluded.version`);

/** A CloudEvent in binary mode: its attributes are headers, its data is the value. */
const attribute = ({ headers }: KafkaMessage, name: string): string => String(headers?.[`ce_${name}`] ?? '');

const take = (message: KafkaMessage): void => {
  if (attribute(message, 'specversion') !== '1.0' || message.value === null) {
    console.error(`offset ${message.offset} holds no CloudEvent 1.0: passed over`);
    return;
  }
  // The same event may come again: when Keyledger or this was killed, or when somebody republishes.
  if (see.run(attribute(message, 'id')).changes === 0) return;
  const type = attribute(message, 'type');
  count.run(type);
  // Types and fields that did not exist when this was written are none of our business.
  const { status } = JSON.parse(message.value.toString()) as { status?: unknown };
  if (type.startsWith('license.') && typeof status === 'string') {
    keep.run(attribute(message, 'subject'), status, Number(attribute(message, 'streamversion')));
  }
};

const takeBatch = async ({ batch, heartbeat, isRunning, isStale }: EachBatchPayload): Promise<void> => {
  if (!isRunning() || isStale()) return;
  db.exec('begin immediate');
  try {
    for (const message of batch.messages) take(message);
    db.exec('commit');
  } catch (error) {
    db.exec('rollback');
    throw error;
  }
  const offset = String(BigInt(batch.lastOffset()) + 1n);
  await consumer.commitOffsets([{ topic, partition: batch.partition, offset }]);
  await heartbeat();
};

await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({ autoCommit: false, eachBatchAutoResolve: true, eachBatch: takeBatch });
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void consumer.disconnect().then(() => db.close());
  });
}
