/**
 * `npm test`: all checks in one command: format, lint, types, build, and every suite against real PostgreSQL and Kafka. Its last
 * line counts what passed and failed.
 *
 * `--tiers=unit,int` runs only the suites of these tiers (jest.config.mjs). All other arguments go to jest (`npm test -- libs/domain`,
 * `npm run test:unit -- --watch`). With either of them, only jest runs.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { jest, root } from './jest.mjs';

const TIERS = '--tiers=';
const SLOWEST = 20;

const args = process.argv.slice(2);
const forJest = args.filter((argument) => !argument.startsWith(TIERS));
const tiers = args
  .filter((argument) => argument.startsWith(TIERS))
  .flatMap((one) => one.slice(TIERS.length).split(','));
// jest reads everything after --selectProjects as the name of a project, so it comes last.
const selection = [...forJest, ...(tiers.length > 0 ? ['--selectProjects', ...tiers] : [])];

const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' };
const counts = { passed: 0, failed: 0, skipped: 0 };

const run = (command, args, options = {}) => spawnSync(command, args, { cwd: root, stdio: 'inherit', env, ...options });
const secondsSince = (start) => ((Date.now() - start) / 1000).toFixed(1);

/** Runs a command and counts it as one test. */
const check = async (what, command, args) => {
  const start = Date.now();
  const status = await new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env });
    child.on('error', (error) => {
      console.error(error);
      resolve(undefined);
    });
    child.on('exit', resolve);
  });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${what} (${secondsSince(start)} s)`);
  counts[status === 0 ? 'passed' : 'failed'] += 1;
};

const runSuites = () => {
  const start = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-jest-'));
  const report = join(folder, 'report.json');
  const { status } = run('node', [...jest, '--json', '--outputFile', report, ...selection], {
    stdio: ['inherit', 'ignore', 'inherit'],
  });
  // jest's exit code tells what its report leaves out: a suite that could not be loaded, a crash of jest itself.
  const before = counts.failed;
  if (existsSync(report)) {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed += result.numPassedTests;
    counts.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    counts.skipped += result.numPendingTests + result.numTodoTests;
    printSlowest(result.testResults);
  }
  if (status !== 0 && counts.failed === before) counts.failed += 1;
  rmSync(folder, { recursive: true });
  console.log(`suites: ${secondsSince(start)} s`);
};

/** Prints the seconds of the slowest files, so that a log of CI shows where the time of a run goes. */
const printSlowest = (files) => {
  const slowest = files
    .map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST);
  for (const { name, seconds } of slowest) console.log(`${seconds.toFixed(1).padStart(7)} s  ${relative(root, name)}`);
};

/** Sends a few requests to every operation; `npm run fuzz` sends more. */
const fuzz = async () => {
  const python = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))';
  if (run('python3', ['-c', python], { stdio: 'ignore' }).status === 0)
    await check('fuzz', 'node', ['test/fuzz/main.ts', '10', '--quick']);
  else {
    console.log('DID NOT RUN: fuzz needs Python 3.10 with venv (schemathesis).');
    if (process.env.CI === 'true') counts.failed += 1;
  }
};

// The first run on a fresh clone installs. Suites of whole processes run what is built; the other tiers run the sources.
const prepare = tiers.length > 0 && !tiers.includes('proc') ? '--install' : '--prepare';
if (run(process.execPath, [join(root, 'start.mjs'), prepare]).status !== 0) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}
if (forJest.some((argument) => argument.startsWith('--watch')))
  process.exit(run('node', [...jest, ...selection]).status ?? 1);
if (args.length === 0) {
  // Each uses one core only, and fuzzing waits for much of its time.
  await Promise.all([
    fuzz(),
    check('format', 'prettier', ['--check', '--cache', '--log-level', 'warn', '.']),
    check('lint', 'eslint', ['--cache', '--cache-location', 'node_modules/.cache/eslint/', '.']),
    check('types', 'tsc', ['--noEmit']),
  ]);
}
runSuites();
if (counts.skipped > 0) console.log(`${counts.skipped} skipped`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
