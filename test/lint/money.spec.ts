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

const BILLING = [
  'libs/domain/src/billing/invoice/invoice.ts',
  'libs/domain/src/billing/pricing/totals.ts',
  'apps/billing/src/invoices/invoices.ts',
];
const ARITHMETIC = [
  'export const tax = (amount: number) => amount * 0.19;',
  'export const tax = (amount: number) => 2 * amount;',
  'export const half = (amount: number) => amount / 2;',
  'export const cents = (amount: number) => amount % 100;',
  'export const units = (amount: number) => amount * 10 ** 2 * amount;',
  'export const power = (exponent: number) => 10 ** exponent;',
  'export const twice = (amount: number) => { amount *= 2; return amount; };',
  'export const part = (amount: number) => { amount /= 2; return amount; };',
];

describe('arithmetic on amounts', () => {
  it.each(BILLING)('is refused in %s', async (file) => {
    for (const statement of ARITHMETIC)
      expect([...new Set(await refused(file, statement))]).toEqual([expect.stringContaining('Money')]);
  });

  it('is done by Money and Decimal', async () => {
    for (const file of ['libs/domain/src/shared/money.ts', 'libs/domain/src/shared/decimal.ts'])
      for (const statement of ARITHMETIC) expect(await refused(file, statement)).toEqual([]);
  });

  it.each(BILLING)('may add and subtract in %s, and state constants', async (file) => {
    const allowed = 'export const some = (a: number, b: number) => [a + b, a - b, -a, 15 * 60_000, DAY_MS / 24];';
    expect(await refused(file, allowed)).toEqual([]);
  });

  it('leaves the reads of the current time refused', async () => {
    expect(await refused('apps/billing/src/invoices/invoices.ts', 'export const now = Date.now();')).toHaveLength(1);
  });
});
