import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaMissing, type OwnKafka, startKafka as startBroker } from '../../tools/kafka.mjs';
import { eventually } from './app.ts';

export type TestKafka = Omit<OwnKafka, 'pid' | 'ended'>;

/** A broker for one test, which may kill it. */
export const startKafka = async (): Promise<TestKafka> => {
  const dir = mkdtempSync(join(tmpdir(), 'keyledger-kafka-'));
  const kafka = await startBroker({ dir });
  return {
    brokers: kafka.brokers,
    kill9: () => kafka.kill9(),
    restart: () => kafka.restart(),
    stop: async () => {
      await kafka.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

/**
 * The reason why suites that need Kafka are skipped here; it is shown in their name. In CI they run, and fail without Kafka.
 */
export const kafkaUnavailable = (): string | undefined =>
  process.env['KAFKA_BROKERS'] !== undefined || process.env['CI'] === 'true' ? undefined : kafkaMissing();

/** The broker of a test run: that of KAFKA_BROKERS, or one that the first suite starts and the teardown of the run stops. */
export const sharedKafka = async (): Promise<{ brokers: string[] }> => {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined) return { brokers: given.split(',') };
  const run = process.env['KEYLEDGER_TEST_FOLDER'];
  if (run === undefined) throw new Error('no folder of the test run: run the suite of the project "services"');
  const dir = join(run, 'kafka');
  const answer = join(run, 'kafka.json');
  try {
    // One worker starts the broker; the others wait for the file that it writes.
    mkdirSync(dir);
  } catch {
    return eventually(() => readAnswer(answer));
  }
  const found = await startBroker({ dir }).then(
    ({ brokers, pid }) => ({ brokers, pid }),
    (error: unknown) => ({ error: String(error) }),
  );
  writeFileSync(answer, JSON.stringify(found));
  return readAnswer(answer).then((kafka) => kafka ?? Promise.reject(new Error('Kafka was started and is gone')));
};

const readAnswer = async (file: string): Promise<{ brokers: string[] } | undefined> => {
  const text = await readFile(file, 'utf8').catch(() => '');
  if (text === '') return undefined;
  const found = JSON.parse(text) as { brokers: string[] } | { error: string };
  if ('error' in found) throw new Error(found.error);
  return found;
};
