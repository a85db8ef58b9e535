/**
 * `npm run chaos`: the transport suites of `npm test`, longer: KILLS processes and brokers are killed a transport (200), and
 * a handler is away for OUTAGE_MS (60,000). SEED makes the same choices again. Arguments go to jest.
 */
import { spawnSync } from 'node:child_process';
import { jest, root } from './jest.mjs';

const settings = {
  KILLS: process.env.KILLS ?? '200',
  OUTAGE_MS: process.env.OUTAGE_MS ?? '60000',
  SEED: process.env.SEED ?? String(Date.now() % 1_000_000),
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
const { status } = spawnSync(process.execPath, [...jest, 'test/transports', '--verbose', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ...settings },
});
process.exit(status ?? 1);
