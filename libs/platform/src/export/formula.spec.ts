import fc from 'fast-check';
import { neutralizeCell, restoreCell } from './formula.ts';

describe('a cell of an export', () => {
  it.each(['=1+1', '+49 30 1', '-1', '@cmd', '\t=1', '\r=1', '\n=1', '＝1', `'=1`, `''=1`])(
    'is not a formula: %j',
    (text) => {
      expect(neutralizeCell(text)).toBe(`'${text}`);
      expect(restoreCell(`'${text}`)).toBe(text);
    },
  );

  it.each(['', 'a=1', `'`, `O'Neill`, `'tis`, ` =1`])('is unchanged otherwise: %j', (text) => {
    expect(neutralizeCell(text)).toBe(text);
    expect(restoreCell(text)).toBe(text);
  });

  it('is restored exactly, and never begins like a formula', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^['=+\-@\t\r\n＝＋－＠a]*$/u));
    fc.assert(
      fc.property(text, (original) => {
        const cell = neutralizeCell(original);
        expect(restoreCell(cell)).toBe(original);
        expect(cell).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/u);
      }),
    );
  });
});
