import { join } from 'node:path';
import { ESLint } from 'eslint';

const ROOT = join(import.meta.dirname, '../..');

/** Lints a statement as part of that file, and returns the messages of the rule. */
const refused = async (file: string, statement: string): Promise<string[]> => {
  const eslint = new ESLint({
    cwd: ROOT,
    // The rule needs no types, so it also works for files that do not exist.
    overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: null } } },
    ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-syntax',
  });
  const [result] = await eslint.lintText(`${statement}\n`, { filePath: join(ROOT, file) });
  if (result === undefined) throw new Error(`${file} is not linted at all`);
  return result.messages.map(({ message }) => message);
};

const READS = ['export const now = Date.now();', 'export const now = new Date();', 'export const now = Date.now;'];

describe('reads of the current time', () => {
  it.each([
    'apps/licensing/src/licenses/licenses.ts',
    'apps/webhooks/src/polling/polling.ts',
    'libs/domain/src/licensing/license/license.ts',
    'libs/events/src/store/append.ts',
    'libs/platform/src/http/run.ts',
  ])('are refused in %s', async (file) => {
    for (const read of READS) expect(await refused(file, read)).toHaveLength(1);
  });

  it.each(['libs/platform/src/clock/clock.ts', 'apps/licensing/src/licenses/licenses.int.spec.ts'])(
    'are allowed in %s',
    async (file) => {
      for (const read of READS) expect(await refused(file, read)).toEqual([]);
    },
  );

  it('do not include dates made from a value', async () => {
    const made = 'export const made = [new Date(0), Date.parse("2026-01-01"), Date.UTC(2026)];';
    expect(await refused('apps/licensing/src/licenses/licenses.ts', made)).toEqual([]);
  });
});
