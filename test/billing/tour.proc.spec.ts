import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { kafkaUnavailable } from '../support/kafka.ts';

const ROOT = join(import.meta.dirname, '../..');

const unavailable = kafkaUnavailable();
const suite = unavailable === undefined ? describe : describe.skip;

suite(`the tour of billing${unavailable === undefined ? '' : ` (${unavailable})`}`, () => {
  it('turns money into licenses over the log and over Kafka, and every step is received by a webhook', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'test/tour/tour.ts'), 'billing'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
    const [overLog, overKafka] = stdout.split('The same over Kafka.');
    for (const part of [overLog, overKafka])
      expect(part).toContain('✓ the webhook license.revoked came, with a good signature');
  });
});
