/**
 * Starts Keyledger on the Node that the project pins, after it has installed what the lock file names and built the sources; each
 * is done only if something has changed since the last time.
 *
 *     node start.mjs                `npm start`: all services in one process
 *     node start.mjs cli …          `npm run keyledger`: the command line, with its arguments
 *     node start.mjs dev …          `npm run dev`: runs the sources without a build, and starts again after each save
 *     node start.mjs --install      only installs
 *     node start.mjs --prepare      only installs and builds
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

const root = import.meta.dirname;
const at = (...parts) => join(root, ...parts);

/** Runs a command in the project's folder. If it fails, so does this program. */
const run = (what, command, args) => {
  console.log(what);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
};

const install = () => {
  const lock = createHash('sha256')
    .update(readFileSync(at('package-lock.json')))
    .digest('hex');
  const mark = at('node_modules', '.lock-hash');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return;
  run('Installing…', 'npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund']);
  writeFileSync(mark, lock);
};

const newest = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);

const build = () => {
  const mark = at('dist', '.built');
  const sources = Math.max(newest(at('apps')), newest(at('libs')), statSync(at('.swcrc')).mtimeMs);
  if (existsSync(mark) && statSync(mark).mtimeMs > sources) return;
  run('Building…', 'npm', ['run', '--silent', 'build']);
  mkdirSync(at('dist'), { recursive: true });
  writeFileSync(mark, '');
};

/** The arguments of Node that run a program of apps/keyledger. */
const programs = {
  main: () => [at('dist', 'apps', 'keyledger', 'src', 'main.js')],
  cli: (args) => [at('dist', 'apps', 'keyledger', 'src', 'cli.js'), ...args],
  dev: (args) => [
    // By folder, not by what was loaded: a file that does not compile would not be watched.
    `--watch-path=${at('apps')}`,
    `--watch-path=${at('libs')}`,
    '--watch-preserve-output',
    '--conditions=source',
    '--enable-source-maps',
    '--import',
    new URL('tools/run-sources.mjs', import.meta.url).href,
    at('apps', 'keyledger', 'src', 'main.ts'),
    ...args,
  ],
};

const become = (program, args) => {
  const pinned = at('node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  const node = existsSync(pinned) ? pinned : process.execPath;
  const options = [
    '--disable-warning=TimeoutNegativeWarning',
    // By default, the heap grows to four times its live size before it is collected: half of the memory of the process. A large young
    // generation keeps short-lived objects out of it.
    '--max-semi-space-size=16',
    '--heap-growing-percent=70',
  ];
  // glibc keeps freed memory in arenas, by default eight for each core. Two are enough for our threads. With a fixed threshold, large
  // buffers go back to the system at once.
  const env = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072', ...process.env };
  const child = spawn(node, [...options, ...programs[program](args)], { stdio: 'inherit', env });
  // Ctrl-C in a terminal reaches the child directly as well. It ignores the second signal.
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
};

const [first, ...rest] = process.argv.slice(2);
install();
if (first !== '--install' && first !== 'dev') build();
if (first !== '--install' && first !== '--prepare') become(first ?? 'main', rest);
