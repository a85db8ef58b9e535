/** What makes a spreadsheet take a cell for a formula, apostrophes before it left aside (OWASP, "CSV Injection"). */
const FORMULA = String.raw`[=+\-@\t\r\n＝＋－＠]`;
const DANGEROUS = new RegExp(`^'*${FORMULA}`, 'u');
const NEUTRALIZED = new RegExp(`^'+${FORMULA}`, 'u');

/**
 * A cell that no spreadsheet takes for a formula: one that begins like a formula gets an apostrophe in front. A cell that
 * begins like a neutralized one gets another, so that `restoreCell` gives back every text exactly.
 */
export const neutralizeCell = (text: string): string => (DANGEROUS.test(text) ? `'${text}` : text);

/** The text that `neutralizeCell` made a cell of. */
export const restoreCell = (cell: string): string => (NEUTRALIZED.test(cell) ? cell.slice(1) : cell);
