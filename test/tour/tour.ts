/**
 * `npm run tour [-- licensing|billing] [--base URL --key KEY]`: a main job, step by step, as a merchant's engineer would do it.
 * Without `--base` it uses its own temporary instance; the tour of billing then runs twice, over the log and over Kafka where a
 * broker can be started. It exits with 1 when an answer is not the expected one.
 */
import { parseArgs } from 'node:util';
import { kafkaMissing } from '../../tools/kafka.mjs';
import { startInstance } from '../support/instance.ts';
import { startKafka } from '../support/kafka.ts';
import { billingTour } from './billing.ts';
import { Guide, openSink, type Sink, type Visited } from './guide.ts';
import { licensingTour } from './licensing.ts';

const { values, positionals } = parseArgs({
  options: { base: { type: 'string' }, key: { type: 'string' } },
  allowPositionals: true,
});
if ((values.base === undefined) !== (values.key === undefined)) throw new Error('--base and --key go together');

const tours: Readonly<Record<string, (guide: Guide, sink: Sink) => Promise<void>>> = {
  licensing: licensingTour,
  billing: billingTour,
};
const [name = 'licensing'] = positionals;
const tour = tours[name];
if (tour === undefined) throw new Error(`there is no tour ${name}: give one of ${Object.keys(tours).join(', ')}`);

const visit = async (visited: Visited): Promise<void> => {
  const sink = await openSink();
  try {
    await tour(new Guide(visited), sink);
  } finally {
    sink.close();
  }
};

/** Visits a temporary instance. */
const visitOwn = async (env: Readonly<Record<string, string>>): Promise<void> => {
  const clock: Record<string, string> = name === 'billing' ? { KEYLEDGER_TEST_CLOCK: 'on' } : {};
  const instance = await startInstance({ KEYLEDGER_WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8', ...clock, ...env });
  try {
    await visit({ base: instance.url, key: instance.key });
  } finally {
    await instance.stop();
  }
};

const visitOverKafka = async (): Promise<void> => {
  const missing = kafkaMissing();
  if (missing !== undefined) return console.log(`\nDID NOT RUN over Kafka: ${missing}`);
  const kafka = await startKafka();
  try {
    console.log('\nThe same over Kafka.');
    await visitOwn({ KAFKA_BROKERS: kafka.brokers.join(',') });
  } finally {
    await kafka.stop();
  }
};

try {
  if (values.base !== undefined && values.key !== undefined)
    await visit({ base: values.base.replace(/\/$/, ''), key: values.key });
  else {
    // Blank: the log, whatever the environment says.
    await visitOwn(name === 'billing' ? { KAFKA_BROKERS: '' } : {});
    if (name === 'billing') await visitOverKafka();
  }
  console.log('\nThat is the main job. README.md says where to read on.');
} catch (error) {
  console.error(`\n${String(error)}`);
  process.exitCode = 1;
}
