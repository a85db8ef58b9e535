import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/app.ts';
import { startAndWaitFor, stop } from '../support/children.ts';

const ROOT = join(import.meta.dirname, '../..');
const SOURCES = ['apps', 'libs', 'tools', 'package.json', 'package-lock.json', '.swcrc', 'start.mjs'];

describe('npm run dev', () => {
  // A copy, since the test edits a source.
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-dev-'));
  const data = join(folder, 'data');
  let dev: Awaited<ReturnType<typeof startAndWaitFor>>;

  beforeAll(async () => {
    for (const name of SOURCES) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const env = { ...process.env, PORT: '0', KEYLEDGER_DATA: data, KEYLEDGER_LOG_LEVEL: 'warn', NODE_OPTIONS: '' };
    dev = await startAndWaitFor([join(folder, 'start.mjs'), 'dev'], /Next {8}/, env);
  });
  afterAll(async () => {
    await stop(dev.child);
    rmSync(folder, { recursive: true, force: true });
  });

  const WELCOME = 'apps/keyledger/src/welcome.ts';
  const save = (edit: (source: string) => string): void => {
    const file = join(folder, WELCOME);
    writeFileSync(file, edit(readFileSync(file, 'utf8')));
  };
  const shows = (text: RegExp): Promise<string> => eventually(() => dev.output.find((line) => text.test(line)));

  it('starts again from the sources after a save, on the same data', async () => {
    save((source) => source.replace('Keyledger serves', 'Keyledger, edited, serves'));
    const line = await shows(/edited, serves (\S+)/);
    const { status } = await fetch(`${line.trim().split(' ').at(-1)}/readyz`);
    expect(status).toBe(200);
    expect(dev.output.filter((text) => text.includes('Admin key'))).toHaveLength(1);
  });

  it('waits for the next save when a source does not compile', async () => {
    save((source) => `${source}export const = ;`);
    await eventually(() => dev.output.some((text) => text.includes('Waiting for file changes')) || undefined);
    save((source) => source.replace('export const = ;', '').replace(', edited,', ', mended,'));
    expect(await shows(/mended, serves/)).toBeTruthy();
  });

  it('leaves no process behind when it is stopped', async () => {
    const { child } = dev;
    const pid = Number(readFileSync(join(data, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    await stop(child, 'SIGINT');
    await eventually(() => !isAlive(pid) || undefined);
    expect(isAlive(pid)).toBe(false);
  });
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
