import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLES = join(ROOT, 'docs/examples/consumers');
const CACHE = join(ROOT, 'node_modules/.cache');

/** How the example of a language is run on this machine. */
export interface Language {
  readonly name: string;
  /** Why it cannot run on this machine; undefined when it can. */
  readonly missing: string | undefined;
  /** Installs its dependencies, once. @returns the command */
  prepare(): readonly [program: string, ...args: string[]];
}

const works = (program: string, args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;

const run = (program: string, args: readonly string[], cwd: string): void => {
  const { status, error, stderr, stdout } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
};

/** A folder that `make` fills, once per state of the file that lists its content. */
const madeOnce = (name: string, file: string, make: (folder: string) => void): string => {
  const state = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12);
  const folder = join(CACHE, `consumer-${name}-${state}`);
  const done = join(folder, '.done');
  if (existsSync(done)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  make(folder);
  mkdirSync(`${done}.draft`);
  renameSync(`${done}.draft`, done);
  return folder;
};

const typescript: Language = {
  name: 'TypeScript (kafkajs)',
  missing: undefined,
  prepare: () => [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=TimeoutNegativeWarning',
    join(EXAMPLES, 'typescript/consumer.ts'),
  ],
};

const python: Language = {
  name: 'Python (confluent-kafka)',
  missing: works('python3', ['-c', 'import ensurepip, venv']) ? undefined : 'Python 3 with venv not found',
  prepare: () => {
    const requirements = join(EXAMPLES, 'python/requirements.txt');
    const home = madeOnce('python', requirements, (folder) => {
      run('python3', ['-m', 'venv', folder], ROOT);
      run(join(folder, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', requirements], ROOT);
    });
    return [join(home, 'bin/python'), join(EXAMPLES, 'python/consumer.py')];
  },
};

const java: Language = {
  name: 'Java (kafka-clients)',
  missing: works('javac', ['-version']) && works('mvn', ['-version']) ? undefined : 'Java 17 or Maven not found',
  prepare: () => {
    const pom = join(EXAMPLES, 'java/pom.xml');
    const home = madeOnce('java', pom, (folder) =>
      run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`], ROOT),
    );
    const jars = join(home, '*');
    const classes = join(home, 'classes');
    run('javac', ['-d', classes, '-cp', jars, join(EXAMPLES, 'java/LicenseTable.java')], ROOT);
    return [
      'java',
      '-Xmx96m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      `${jars}:${classes}`,
      'LicenseTable',
    ];
  },
};

export const languages: readonly Language[] = [typescript, python, java];
