import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Mustang validates electronic invoices by the rules of EN 16931, Factur-X and XRechnung, and PDF/A by veraPDF, which it contains.
 * It is fetched once from Maven Central (59 MB) into `.cache`. Needs Java and, for the first time, Maven.
 */
const VERSION = '2.26.0';
const FOLDER = join(import.meta.dirname, '..', '..', '.cache', `mustang-${VERSION}`);
const JAR = join(FOLDER, `Mustang-CLI-${VERSION}.jar`);

const works = (program: string, args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;

/** The reason why suites that need Mustang are skipped here; it is shown in their name. In CI they run, and fail without it. */
export const mustangUnavailable = (): string | undefined => {
  if (process.env['CI'] === 'true') return undefined;
  const missing = [
    ...(works('java', ['-version']) ? [] : ['Java 17']),
    ...(existsSync(JAR) || works('mvn', ['-version']) ? [] : ['Maven']),
  ];
  return missing.length === 0 ? undefined : `no Mustang: ${missing.join(' and ')} not found`;
};

/** Fetches Mustang if it is not there yet. */
export const fetchMustang = (): void => {
  if (existsSync(JAR)) return;
  const draft = `${FOLDER}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  const artifact = `-Dartifact=org.mustangproject:Mustang-CLI:${VERSION}`;
  const { status, error, stdout, stderr } = spawnSync(
    'mvn',
    ['-q', '-B', 'dependency:copy', artifact, `-DoutputDirectory=${draft}`],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`Mustang could not be fetched: ${error?.message ?? stdout + stderr}`);
  // Another process may have fetched it first.
  if (existsSync(FOLDER)) rmSync(draft, { recursive: true });
  else renameSync(draft, FOLDER);
};

export interface Verdict {
  readonly valid: boolean;
  /** Errors and warnings as Mustang prints them. */
  readonly complaints: readonly string[];
  readonly report: string;
}

/** Validates a file, PDF or XML. It takes some 5 to 20 seconds of a processor. */
export const validate = (file: string): Promise<Verdict> =>
  new Promise((resolve, reject) => {
    const options = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx512m'];
    const java = spawn('java', [...options, '-jar', JAR, '--no-notices', '--action', 'validate', '--source', file]);
    let report = '';
    java.stdout.setEncoding('utf8').on('data', (text: string) => (report += text));
    java.stderr.resume();
    java.on('error', reject);
    java.on('close', (code) => {
      if (code !== 0 && !report.includes('<validation')) reject(new Error(`Mustang ended with ${code}: ${report}`));
      const complaints = [...report.matchAll(/<(?:error|warning|exception|fatal)\b[^>]*>([^<]*)/g)].map(
        ([, text = '']) => text,
      );
      resolve({ valid: code === 0, complaints, report });
    });
  });
