/**
 * `npm run fuzz [-- EXAMPLES]`: schemathesis (PyPI) sends generated requests to a temporary instance, based on its OpenAPI
 * document. No answer may be a 5xx, undocumented, or of another shape than documented. It runs once with valid and invalid
 * requests about resources that do not exist, and once with valid ones about existing resources. Needs Python 3.10. EXAMPLES is
 * the number of random requests for each operation (default 100); `--quick` is what `npm test` runs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { type Instance, startInstance } from '../support/instance.ts';
import { makeExamples, withExamples } from './examples.ts';

const VERSION = '4.32.0';
const HOME = fileURLToPath(new URL(`../../node_modules/.cache/schemathesis-${VERSION}`, import.meta.url));
const CONFIG = fileURLToPath(new URL('schemathesis.toml', import.meta.url));
const program = join(HOME, 'bin', 'schemathesis');
const { positionals, values } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean' } } });
const examples = positionals[0] ?? '100';
/** For `npm test`: the same requests each time, and checks only for answers that no caller may ever receive. */
const QUICK = [
  '--seed',
  '1',
  '--checks',
  'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance',
];

/** @returns the exit code @throws when the program cannot be started */
const run = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): number => {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env });
  if (error) throw error;
  return status ?? 1;
};

const install = (): void => {
  if (existsSync(program)) return;
  const pip = join(HOME, 'bin', 'pip');
  const failed =
    run('python3', ['-m', 'venv', '--clear', HOME]) ||
    run(pip, ['install', '--quiet', '--disable-pip-version-check', `schemathesis==${VERSION}`]);
  if (failed) throw new Error(`schemathesis ${VERSION} could not be installed`);
};

// Whatever the value of this variable, schemathesis assumes a terminal and draws its progress.
const { FORCE_COLOR: _color, ...quiet } = process.env;

const fuzz = ({ url, key }: Instance, document: string, options: readonly string[]): number =>
  run(
    program,
    [
      '--config-file',
      CONFIG,
      'run',
      document,
      '--url',
      url,
      '--max-examples',
      examples,
      '--output-sanitize',
      'false',
      ...options,
      ...(values.quick ? QUICK : []),
    ],
    { ...quiet, API_KEY: key },
  );

/** A separate instance for each run: during a run, schemathesis may revoke the admin key of the run. */
const against = async (campaign: (instance: Instance) => Promise<number>): Promise<number> => {
  // With a secret, the door of Stripe is open: it refuses what is not signed.
  const instance = await startInstance({ KEYLEDGER_STRIPE_WEBHOOK_SECRETS: 'whsec_of_no_endpoint' });
  try {
    return await campaign(instance);
  } finally {
    await instance.stop();
  }
};

const OPENAPI = '/api/v1/openapi.json';

install();
const strangers = await against(async (instance) =>
  // Valid requests are refused too: their resources do not exist, and an If-Match may be generated without quotes.
  fuzz(instance, instance.url + OPENAPI, [
    ...['--exclude-checks', 'positive_data_acceptance'],
    // Testing every invalid value of every field takes minutes; test/http/bad-input.int.spec.ts tests the important ones.
    ...(values.quick ? ['--phases', 'examples,fuzzing,stateful'] : []),
  ]),
);
const acquaintances = await against(async (instance) => {
  const { body } = await request(instance.url + OPENAPI);
  const document = withExamples(await body.json(), await makeExamples(instance));
  const folder = await mkdtemp(join(tmpdir(), 'keyledger-fuzz-'));
  try {
    const file = join(folder, 'openapi.json');
    await writeFile(file, JSON.stringify(document));
    return fuzz(instance, file, ['--mode', 'positive']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
process.exitCode = strangers || acquaintances;
