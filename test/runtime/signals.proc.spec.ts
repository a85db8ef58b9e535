import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/app.ts';
import { livingIn } from '../support/living.ts';

const ROOT = join(import.meta.dirname, '../..');
/** The longest allowed stop in milliseconds, in addition to the duration of the start, which shows how busy the machine is. */
const STOP_MS = 10_000;

/** `npm start` in its own process group, as a shell starts a foreground job. */
class Foreground {
  output = '';
  /** The allowed duration of a stop on this machine, in milliseconds. */
  stopMs = STOP_MS;
  readonly #started = performance.now();
  readonly #ended: Promise<number | null>;

  private constructor(private readonly npm: ChildProcess) {
    for (const stream of [npm.stdout, npm.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += String(chunk)));
    this.#ended = new Promise((resolve) => npm.once('close', (code) => resolve(code)));
  }

  static start(data: string): Foreground {
    const env = { ...process.env, PORT: '0', KEYLEDGER_DATA: data, KEYLEDGER_LOG_LEVEL: 'warn', NODE_OPTIONS: '' };
    return new Foreground(
      spawn('npm', ['start', '--silent'], { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  }

  async serving(): Promise<URL> {
    const [, url = ''] = await eventually(() => /serves (\S+)/.exec(this.output) ?? undefined);
    await eventually(() => this.output.includes('Next  '));
    return new URL(url);
  }

  /** Sends the signal to the whole group, as Ctrl-C does. */
  press(signal: NodeJS.Signals): void {
    this.#isAsked();
    process.kill(-(this.npm.pid ?? 0), signal);
  }

  /** Sends the signal to npm only, as a supervisor does. */
  send(signal: NodeJS.Signals): void {
    this.#isAsked();
    this.npm.kill(signal);
  }

  #isAsked(): void {
    this.stopMs = STOP_MS + (performance.now() - this.#started);
  }

  get isOver(): boolean {
    return this.npm.exitCode !== null || this.npm.signalCode !== null;
  }

  /** @returns the exit code, and the duration from now in milliseconds */
  async end(): Promise<{ code: number | null; took: number }> {
    const since = Date.now();
    const code = await this.#ended;
    return { code, took: Date.now() - since };
  }
}

describe('npm start, when it is asked to stop', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-signals-'));
  const data = join(folder, 'data');
  const postgres = join(data, 'postgres');
  const running: Foreground[] = [];

  const start = (): Foreground => {
    const started = Foreground.start(data);
    running.push(started);
    return started;
  };
  const log = (): string => readFileSync(join(postgres, 'server.log'), 'utf8');
  /** No process is running, and PostgreSQL has written all its data: its next start needs no recovery. */
  const expectClean = (): void => {
    expect(livingIn(postgres)).toEqual([]);
    expect(log().trimEnd().split('\n').at(-1)).toMatch(/database system is shut down$/);
    expect(log()).not.toMatch(/was interrupted|not properly shut down/);
  };

  afterAll(async () => {
    for (const one of running.filter(({ isOver }) => !isOver)) {
      one.press('SIGTERM');
      await one.end();
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('by %s to its whole group, ends cleanly', async (signal) => {
    const keyledger = start();
    await keyledger.serving();
    keyledger.press(signal);
    const { code, took } = await keyledger.end();
    expect(took).toBeLessThan(keyledger.stopMs);
    // npm does not wait after a hang-up.
    if (signal !== 'SIGHUP') expect(code).toBe(0);
    await eventually(() => livingIn(postgres).length === 0);
    expectClean();
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('by %s to npm only, ends cleanly', async (signal) => {
    const keyledger = start();
    await keyledger.serving();
    keyledger.send(signal);
    const { code, took } = await keyledger.end();
    expect(took).toBeLessThan(keyledger.stopMs);
    expect(code).toBe(0);
    expectClean();
  });

  it('ends cleanly when Ctrl-C is pressed repeatedly', async () => {
    const keyledger = start();
    await keyledger.serving();
    const ended = keyledger.end();
    while (!keyledger.isOver) {
      keyledger.press('SIGINT');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // npm handles no signal after its child has ended, so the last signal may end it: null.
    expect([0, null]).toContain((await ended).code);
    expectClean();
  });

  it('ends cleanly before it has finished starting', async () => {
    rmSync(data, { recursive: true, force: true });
    const keyledger = start();
    // The server runs, but has no Keyledger data yet.
    await eventually(() => livingIn(postgres).length > 0);
    keyledger.press('SIGINT');
    const { code, took } = await keyledger.end();
    expect(took).toBeLessThan(keyledger.stopMs);
    expect(code).toBe(0);
    expectClean();
    const next = start();
    await next.serving();
    next.press('SIGINT');
    await next.end();
    expectClean();
  });

  it('waits no longer than allowed for a client that does not finish its request', async () => {
    const keyledger = start();
    const { hostname, port } = await keyledger.serving();
    const client = connect(Number(port), hostname);
    client.on('error', () => undefined);
    client.write('POST /api/v1/license/verify HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n');
    client.write('content-length: 1000\r\n\r\n{"license_key": "');
    await eventually(() => client.bytesWritten > 100);
    keyledger.press('SIGINT');
    const { code, took } = await keyledger.end();
    client.destroy();
    expect(took).toBeLessThan(keyledger.stopMs);
    expect(code).toBe(0);
    expectClean();
  });
});
