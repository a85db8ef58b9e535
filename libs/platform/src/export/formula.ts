/** Matches text that a spreadsheet reads as a formula, with any apostrophes before it (OWASP, "CSV Injection"). */
const FORMULA = String.raw`[=+\-@\t\r\n＝＋－＠]`;
const DANGEROUS = new RegExp(`^'*${FORMULA}`, 'u');
const NEUTRALIZED = new RegExp(`^'+${FORMULA}`, 'u');

/**
 * Makes a cell that no spreadsheet reads as a formula: puts an apostrophe in front of text that begins like a formula. Text that
 * begins like a neutralized cell gets another apostrophe, so that `restoreCell` restores every text exactly.
 */
export const neutralizeCell = (text: string): string => (DANGEROUS.test(text) ? `'${text}` : text);

/** Restores the text that `neutralizeCell` got. */
export const restoreCell = (cell: string): string => (NEUTRALIZED.test(cell) ? cell.slice(1) : cell);
