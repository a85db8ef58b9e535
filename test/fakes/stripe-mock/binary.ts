import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stop } from '../../support/children.ts';

/**
 * stripe-mock is Stripe's own server for tests: it knows every route and parameter, and keeps no state. It is built once with Go
 * into `.cache`, together with the OpenAPI document that it serves from.
 */
export const STRIPE_MOCK = 'v0.203.0';
/** API version of its document; the client asks for a newer one, see `exceptions.ts`. */
export const STRIPE_MOCK_API = '2026-08-26.dahlia';

const MODULE = `github.com/stripe/stripe-mock@${STRIPE_MOCK}`;
const FOLDER = join(import.meta.dirname, '..', '..', '..', '.cache', `stripe-mock-${STRIPE_MOCK}`);
const PROGRAM = join(FOLDER, process.platform === 'win32' ? 'stripe-mock.exe' : 'stripe-mock');
/** Stripe's OpenAPI document. */
export const SPEC = join(FOLDER, 'spec3.json');

/** The reason why checks against stripe-mock are skipped here; it is shown in their name. In CI they run, and fail without it. */
export const stripeMockUnavailable = (): string | undefined => {
  if (process.env['CI'] === 'true' || existsSync(SPEC)) return undefined;
  const { status } = spawnSync('go', ['version'], { stdio: 'ignore' });
  return status === 0 ? undefined : 'no stripe-mock: Go not found';
};

const go = (args: readonly string[], env: NodeJS.ProcessEnv): string => {
  const { status, error, stdout, stderr } = spawnSync('go', args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`stripe-mock could not be built: ${error?.message ?? stdout + stderr}`);
  return stdout;
};

/** Builds stripe-mock if it is not there yet: about a minute of a processor. */
export const buildStripeMock = (): void => {
  if (existsSync(SPEC)) return;
  const draft = `${FOLDER}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  // Outside of any Go module, so that none of its settings apply.
  go(['install', MODULE], { GOBIN: draft, GO111MODULE: 'on', GOFLAGS: '' });
  const { Dir } = JSON.parse(go(['mod', 'download', '-json', MODULE], { GOFLAGS: '' })) as { Dir: string };
  copyFileSync(join(Dir, 'embedded', 'openapi', 'spec3.json'), join(draft, 'spec3.json'));
  try {
    renameSync(draft, FOLDER);
  } catch (error) {
    // Another process may have built it first.
    rmSync(draft, { recursive: true });
    if (!existsSync(SPEC)) throw error;
  }
};

export interface StripeMock {
  readonly url: string;
  stop(): Promise<void>;
}

/** Builds stripe-mock if needed and starts it on free ports. */
export const startStripeMock = async (): Promise<StripeMock> => {
  buildStripeMock();
  const child: ChildProcess = spawn(PROGRAM, ['-http-addr', '127.0.0.1:0', '-https-addr', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`stripe-mock ended with ${code}`)));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, found] = /HTTP at address: (\S+)/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  return { url: `http://${address}`, stop: () => stop(child) };
};
