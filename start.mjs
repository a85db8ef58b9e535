/**
 * `npm start`: installs what the lock file says and builds, where that has not been done since either changed, then becomes
 * Keyledger itself, on the Node that the project pins. Arguments go to Keyledger. `--install` stops after the
 * installation, `--prepare` after the build.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

const root = import.meta.dirname;
const at = (...parts) => join(root, ...parts);

/** Runs a command of the project's; its failure ends everything. */
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

const [first, ...rest] = process.argv.slice(2);
install();
if (first !== '--install') build();
if (first !== '--install' && first !== '--prepare') {
  const program = first === 'cli' ? 'cli' : 'main';
  const pinned = at('node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  const node = existsSync(pinned) ? pinned : process.execPath;
  const args = [
    '--disable-warning=TimeoutNegativeWarning',
    // Left alone, the heap grows to four times what lives in it before it is looked through: half the process's memory. With room
    // for what soon is garbage, little comes into it.
    '--max-semi-space-size=16',
    '--heap-growing-percent=100',
    at('dist', 'apps', 'keyledger', 'src', `${program}.js`),
    ...(first === 'cli' ? rest : []),
  ];
  // glibc keeps what was given back in an arena for each thread; two are enough for ours.
  const env = { MALLOC_ARENA_MAX: '2', ...process.env };
  const child = spawn(node, args, { stdio: 'inherit', env });
  // A Ctrl-C in the terminal reaches the child by itself as well; to be asked twice is nothing to it.
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
