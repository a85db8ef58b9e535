/**
 * `npm test`: everything that must hold, in one command: formatting, lint, types, build, and every test suite against real
 * PostgreSQL and Kafka. Arguments go to jest (`npm test -- libs/domain`). Its last line counts what passed and failed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules', '.bin');
const only = process.argv.slice(2);
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' };
const counts = { passed: 0, failed: 0, skipped: 0 };

const run = (command, args, options = {}) => spawnSync(command, args, { cwd: root, stdio: 'inherit', env, ...options });

/** A check is one test: it passes or it does not. */
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
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${what} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  counts[status === 0 ? 'passed' : 'failed'] += 1;
};

const jest = () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-jest-'));
  const report = join(folder, 'report.json');
  const args = [
    '--conditions=source',
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=TimeoutNegativeWarning',
  ];
  const { status } = run(
    'node',
    [...args, join(root, 'node_modules', 'jest', 'bin', 'jest.js'), '--json', '--outputFile', report, ...only],
    {
      stdio: ['inherit', 'ignore', 'inherit'],
    },
  );
  // jest's exit code says what its report may leave out: a suite that could not even be loaded, a crash of jest itself.
  const before = counts.failed;
  if (existsSync(report)) {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed += result.numPassedTests;
    counts.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    counts.skipped += result.numPendingTests + result.numTodoTests;
  }
  if (status !== 0 && counts.failed === before) counts.failed += 1;
  rmSync(folder, { recursive: true });
};

/** A few requests for every operation; `npm run fuzz` sends more. */
const fuzz = async () => {
  const python = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))';
  if (run('python3', ['-c', python], { stdio: 'ignore' }).status === 0)
    await check('fuzz', 'node', ['test/fuzz/main.ts', '10', '--quick']);
  else console.log('DID NOT RUN: fuzz needs Python 3.10 with venv (schemathesis).');
};

// The first run on a fresh clone installs and builds; the tests of whole processes run what was built.
if (run(process.execPath, [join(root, 'start.mjs'), '--prepare']).status !== 0) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}
if (only.length === 0) {
  // Each has use for one core only.
  await Promise.all([
    check('format', 'prettier', ['--check', '--cache', '--log-level', 'warn', '.']),
    check('lint', 'eslint', ['--cache', '--cache-location', 'node_modules/.cache/eslint/', '.']),
    check('types', 'tsc', ['--noEmit']),
  ]);
}
jest();
if (only.length === 0) await fuzz();
if (counts.skipped > 0) console.log(`${counts.skipped} skipped`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
