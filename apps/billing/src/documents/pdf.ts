import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import { type Brand, logoType } from './brand.ts';
import { cii } from './cii.ts';
import { electronic } from './en16931.ts';
import { FACTUR_X, FACTUR_X_XMP } from './factur-x.ts';
import { layout, type Layout, type LayoutRow } from './layout.ts';
import { missingFields } from './missing.ts';
import { CONTENT_WIDTH, MARGIN, Sheet } from './sheet.ts';
import type { Language } from './language.ts';
import { TEXTS } from './texts.ts';

const RIGHT = MARGIN + CONTENT_WIDTH;
const HALF = CONTENT_WIDTH / 2 - 10;
const MIDDLE = RIGHT - HALF;
/** Left edge of the facts beside the buyer, and width of their labels. */
const FACTS = MARGIN + 240;
const LABELS = 85;
/** Left edge and width of each column: description, quantity, unit price, tax, amount. */
const COLUMNS = [
  [MARGIN, 235],
  [MARGIN + 240, 50],
  [MARGIN + 295, 70],
  [MARGIN + 370, 45],
  [MARGIN + 420, CONTENT_WIDTH - 420],
] as const;
const FOOTER_LINES = 4;

/**
 * A document as PDF/A-3b, with the same data as Factur-X XML (profile EN 16931) attached if the document has all fields that the
 * standard requires. The same document and brand give the same bytes.
 */
export const pdf = async (document: InvoiceDocument, language: Language, brand: Brand): Promise<Buffer> => {
  const date = new Date(document.issued_at);
  const view = layout(document, language);
  const sheet = new Sheet({ title: ascii(`${TEXTS.en[document.kind]} ${document.number}`), date, language });
  head(sheet, view, brand);
  table(sheet, view);
  totals(sheet, view);
  sheet.y += 10;
  for (const note of view.notes) {
    sheet.text(note, MARGIN, CONTENT_WIDTH);
    sheet.y += 4;
  }
  if (missingFields(document).length === 0) {
    sheet.attach(FACTUR_X, cii(electronic(document, language)), 'Factur-X', date);
    sheet.metadata(FACTUR_X_XMP);
  }
  const footer =
    view.footer === null ? [] : sheet.lines(view.footer, CONTENT_WIDTH, { size: 7 }).slice(0, FOOTER_LINES);
  return sheet.end((page, pages) => [...footer, `${view.number} · ${TEXTS[language].page(page, pages)}`]);
};

const ascii = (text: string): string => text.replace(/[^ -~]|[<>&]/g, '?');

const head = (sheet: Sheet, view: Layout, brand: Brand): void => {
  const top = sheet.y;
  if (brand.logo !== null && logoType(brand.logo) !== undefined) {
    sheet.image(brand.logo, MARGIN, HALF, 60);
    sheet.y = top + 72;
  }
  sheet.text(view.title, MARGIN, HALF, { size: 20, weight: 'bold' });
  sheet.y += 4;
  const [name = '', ...seller] = view.seller;
  const left = sheet.y;
  sheet.y = top;
  sheet.text(name, MIDDLE, HALF, { weight: 'bold', align: 'right' });
  for (const line of seller) sheet.text(line, MIDDLE, HALF, { size: 8, align: 'right', color: '#555' });
  sheet.y = Math.max(left, sheet.y) + 14;

  const blocks = sheet.y;
  sheet.text(view.buyer_label, MARGIN, HALF, { size: 8, color: '#777' });
  for (const [at, line] of view.buyer.entries())
    sheet.text(line, MARGIN, HALF, { weight: at === 0 ? 'bold' : 'regular' });
  const end = sheet.y;
  sheet.y = blocks;
  for (const [label, value] of view.facts) {
    sheet.line(label, FACTS, LABELS, { color: '#777' });
    sheet.text(value, FACTS + LABELS, RIGHT - FACTS - LABELS, { align: 'right' });
  }
  sheet.y = Math.max(end, sheet.y) + 16;
};

const table = (sheet: Sheet, view: Layout): void => {
  const titles = (): void => {
    cells(sheet, view.columns, { size: 8, color: '#777' });
    sheet.y += 13;
    sheet.rule();
  };
  titles();
  sheet.onPage = titles;
  for (const row of view.rows) rowOf(sheet, row);
  sheet.onPage = () => undefined;
  sheet.rule();
};

const cells = (sheet: Sheet, texts: readonly string[], style: { size?: number; color?: string } = {}): void => {
  for (const [at, text] of texts.entries()) {
    const [x, width] = COLUMNS[at] ?? COLUMNS[0];
    sheet.line(text, x, width, { ...style, align: at === 0 ? 'left' : 'right' });
  }
};

const rowOf = (sheet: Sheet, row: LayoutRow): void => {
  const [x, width] = COLUMNS[0];
  const [first = '', ...more] = sheet.lines(row.description, width);
  // A row of usual length stays on one page; a very long description goes on over several.
  sheet.room(13 * Math.min(6, 1 + more.length + row.details.length));
  cells(sheet, [first, row.quantity, row.unit_price, row.tax, row.amount]);
  sheet.y += 12.6;
  for (const line of more) sheet.text(line, x, width);
  for (const detail of row.details) sheet.text(detail, x, width, { size: 8, color: '#777' });
  sheet.y += 4;
};

const totals = (sheet: Sheet, view: Layout): void => {
  const x = MARGIN + 150;
  const width = CONTENT_WIDTH - 150;
  sheet.room(14 * view.totals.length);
  for (const { label, amount, strong } of view.totals) {
    const style = { weight: strong ? 'bold' : 'regular', size: strong ? 10 : 9 } as const;
    const lines = sheet.lines(label, width - 130, style);
    sheet.room(14 * lines.length);
    sheet.line(amount, x, width, { ...style, align: 'right' });
    for (const line of lines) sheet.text(line, x, width - 130, style);
  }
};
