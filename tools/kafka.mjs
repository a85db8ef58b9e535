/**
 * A Kafka broker on this machine, for tests and `npm run cluster`: Apache Kafka itself, fetched once from Maven Central
 * (43 MB) into `.cache`, one process with its own controller, on loopback. Needs Java 17 and, for the first time, Maven.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';

const VERSION = '4.1.0';
const JARS = join(import.meta.dirname, '..', '.cache', `kafka-${VERSION}`);
/** Longest time to start on a busy machine, in milliseconds. */
const PATIENCE_MS = 180_000;

const works = (program, args) => spawnSync(program, args, { stdio: 'ignore' }).status === 0;

/** Why no broker can be started on this machine, and how to fix that; undefined if one can. */
export const kafkaMissing = () => {
  const missing = [
    ...(works('java', ['-version']) ? [] : ['Java 17']),
    ...(existsSync(JARS) || works('mvn', ['-version']) ? [] : ['Maven']),
  ];
  if (missing.length === 0) return undefined;
  const docker = `docker run -d -p 9092:9092 apache/kafka:${VERSION}`;
  return `no Kafka: ${missing.join(' and ')} not found. Install that, or run "${docker}" and set KAFKA_BROKERS=localhost:9092`;
};

/**
 * Starts a broker whose files are in `dir`, on `port` (default: a free one), and waits until it answers. If it is
 * `detached`, a Ctrl-C in the terminal does not reach it, and the caller has to stop it.
 */
export const startKafka = async ({ dir, port, detached = false }) => {
  const missing = kafkaMissing();
  if (missing !== undefined) throw new Error(missing);
  fetchJars();
  mkdirSync(dir, { recursive: true });
  const [own = port ?? 0, controller] = await freePorts(port === undefined ? 2 : 1).then((free) =>
    port === undefined ? free : [port, ...free],
  );
  const config = join(dir, 'server.properties');
  writeFileSync(config, properties(dir, own, controller));
  const format = ['format', '--ignore-formatted', '-t', 'a2V5bGVkZ2VyLXRlc3QtMQ', '-c', config];
  run('java', [...jvm('-Xmx128m'), 'kafka.tools.StorageTool', ...format]);

  const brokers = [`127.0.0.1:${own}`];
  const log = join(dir, 'broker.log');
  let broker;
  const start = async () => {
    const file = openSync(log, 'a');
    broker = spawn('java', [...jvm('-Xmx256m'), 'kafka.Kafka', config], { stdio: ['ignore', file, file], detached });
    closeSync(file);
    // This process may end before the broker.
    broker.unref();
    await answering(brokers, broker, log);
  };
  const end = async (signal) => {
    if (hasEnded(broker)) return;
    const ended = untilEnded(broker);
    broker.ref();
    broker.kill(signal);
    await ended;
  };
  await start();
  return {
    brokers,
    get pid() {
      return broker.pid;
    },
    ended: () => untilEnded(broker),
    kill9: () => end('SIGKILL'),
    restart: start,
    stop: () => end('SIGTERM'),
  };
};

const hasEnded = ({ exitCode, signalCode }) => exitCode !== null || signalCode !== null;

/** Waits until the broker has ended. @returns its signal or exit code */
const untilEnded = async (broker) => {
  if (!hasEnded(broker)) await new Promise((resolve) => broker.once('exit', resolve));
  return broker.signalCode ?? `exit code ${broker.exitCode}`;
};

const jvm = (heap) => [
  heap,
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-cp',
  join(JARS, '*'),
];

/**
 * Session timeouts are short, so that a killed broker or consumer is detected within a second or two. By default, the buffer of
 * the log cleaner would take half of the heap.
 */
const properties = (dir, port, controller) => `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=${join(dir, 'data')}
num.partitions=6
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=250
controlled.shutdown.enable=false
log.cleaner.dedupe.buffer.size=4194304
`;

const fetchJars = () => {
  if (existsSync(JARS)) return;
  const draft = `${JARS}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  const dependency = (group, artifact, version) =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  const pom = join(draft, 'pom.xml');
  writeFileSync(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
      <groupId>keyledger</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>
      ${dependency('org.apache.kafka', 'kafka_2.13', VERSION)}${dependency('org.slf4j', 'slf4j-simple', '1.7.36')}
      </dependencies></project>`,
  );
  run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${draft}`]);
  // Another process may have fetched them first.
  if (existsSync(JARS)) rmSync(draft, { recursive: true });
  else renameSync(draft, JARS);
};

const run = (program, args) => {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Kafka could not be set up: ${program}: ${error?.message ?? stdout + stderr}`);
};

/** Free ports, all different: each is held until the last one is known. */
const freePorts = async (count) => {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
};

const answering = async (brokers, broker, log) => {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin();
    try {
      await admin.connect();
      await admin.describeCluster();
      return;
    } catch (error) {
      if (hasEnded(broker) || Date.now() > deadline)
        throw new Error(`Kafka did not start: see ${log}`, { cause: error });
      await sleep(50);
    } finally {
      await admin.disconnect();
    }
  }
};
