/**
 * `npm run chaos` runs the suites of `npm test` that repeat their steps, with the full numbers. For each transport it kills KILLS
 * (200) processes and brokers, and a handler fails for OUTAGE_MS (60,000). Senders of webhooks are killed under load. The same
 * SEED repeats the choices of a run. Arguments are passed to jest.
 */
import { spawnSync } from 'node:child_process';
import { jest, root } from './jest.mjs';

const settings = {
  KILLS: process.env.KILLS ?? '200',
  OUTAGE_MS: process.env.OUTAGE_MS ?? '60000',
  SEED: process.env.SEED || String(Date.now() % 1_000_000),
};
for (const [name, value] of Object.entries(settings)) {
  if (/^\d+$/.test(value)) continue;
  console.error(`${name} is "${value}": give a whole number.`);
  process.exit(1);
}
console.log(
  `Again with: ${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')} npm run chaos`,
);
const { status } = spawnSync(
  process.execPath,
  [...jest, 'test/transports', 'test/webhooks/killed', '--verbose', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...settings, CHAOS: 'on' },
  },
);
process.exit(status ?? 1);
