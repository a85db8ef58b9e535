import { dateText, moneyText, percentText, periodText } from './format.ts';
import { escapeHtml, html } from './html.ts';
import { NO_BRAND } from './brand.ts';
import { BUYER, CREDIT_NOTE, INVOICE, LINE } from './document-example.ts';
import { layout } from './layout.ts';
import { languageOf, LANGUAGES } from './language.ts';
import { TEXTS } from './texts.ts';
import { visualRuns, wrap } from './text-lines.ts';

const NOT_BEFORE = '2026-11-01T00:00:00.000Z';

it('formats amounts, percentages and days for each language', () => {
  expect(LANGUAGES.map((language) => moneyText(-123456789, 'eur', language))).toEqual([
    'EUR\u00a0−1,234,567.89',
    '−1.234.567,89\u00a0EUR',
    '−1\u00a0234\u00a0567,89\u00a0EUR',
  ]);
  expect(moneyText(1234, 'jpy', 'en')).toBe('JPY\u00a01,234');
  expect(moneyText(1234, 'kwd', 'de')).toBe('1,234\u00a0KWD');
  expect(moneyText(21_000_000, 'sats', 'en')).toBe('21,000,000\u00a0sats');
  expect(LANGUAGES.map((language) => percentText('5.5', language))).toEqual(['5.5%', '5,5\u00a0%', '5,5\u00a0%']);
  expect(LANGUAGES.map((language) => dateText(NOT_BEFORE, language))).toEqual([
    '1 November 2026',
    '1. November 2026',
    '1er novembre 2026',
  ]);
});

it('shows periods with their last day', () => {
  const end = '2026-12-01T00:00:00.000Z';
  expect(periodText({ start: NOT_BEFORE, end }, 'en')).toBe('1 November 2026 – 30 November 2026');
  expect(periodText({ start: NOT_BEFORE, end: NOT_BEFORE }, 'en')).toBe('1 November 2026');
});

it('takes the first language that it has texts for, else English', () => {
  expect(languageOf('de-AT', 'fr')).toBe('de');
  expect(languageOf('ja', 'fr_CA')).toBe('fr');
  expect(languageOf(undefined, null)).toBe('en');
  expect(languageOf('', 'pt')).toBe('en');
});

it.each(LANGUAGES)('has all texts in %s', (language) => {
  const view = layout(INVOICE, language);
  expect(view.title).toBe(TEXTS[language].invoice);
  expect(view.totals.map(({ label }) => label)).toContain(TEXTS[language].amount_due);
  expect(layout(CREDIT_NOTE, language).notes).toContain(TEXTS[language].credited);
  const all = Object.values(TEXTS[language]).filter((text) => typeof text === 'string');
  expect(all.every((text) => text !== '')).toBe(true);
});

it('shows unit prices with fractions of a cent', () => {
  const [row] = layout({ ...INVOICE, lines: [{ ...LINE, unit_amount: '0.05' }] }, 'en').rows;
  expect(row?.unit_price).toBe('0.0005');
});

it('a seller without taxes shows none', () => {
  const lines = [{ ...LINE, tax_name: '', tax_rate: '0', tax_category: 'O' as const }];
  const taxes = [{ rate: '0', category: 'O' as const, name: '', taxable: 5373, amount: 0 }];
  const view = layout({ ...INVOICE, lines, taxes, total: 5373 }, 'en');
  expect(view.rows.map(({ tax }) => tax)).toEqual(['']);
  expect(view.totals.map(({ label }) => label)).toEqual([
    'Subtotal',
    'Discount: SPRING',
    'Total',
    'Already paid or credited',
    'Amount due',
  ]);
});

it('a deleted buyer leaves a document that says so', () => {
  expect(layout({ ...INVOICE, buyer: null }, 'en').buyer).toEqual(['Personal data deleted']);
});

it('an invoice that is paid asks for nothing', () => {
  expect(layout({ ...INVOICE, prepaid: INVOICE.total }, 'en').notes).toEqual([]);
});

it('escapes every text of the HTML', () => {
  const evil = '<script>alert("1")</script>';
  const document = {
    ...CREDIT_NOTE,
    number: evil,
    corrects: evil,
    reason: evil,
    notes: [evil],
    po_number: evil,
    seller: { ...INVOICE.seller, legal_name: evil, footer: evil },
    buyer: { ...BUYER, name: evil, company: evil },
    lines: [{ ...LINE, description: evil, tax_name: evil }],
    discounts: [{ coupon_id: 'cpn_1', name: evil, amount: 1 }],
    taxes: [{ rate: '19', category: 'S' as const, name: evil, taxable: 1, amount: 1 }],
  };
  const page = html(document, 'en', NO_BRAND);
  expect(page).not.toContain('<script');
  expect(page.split(escapeHtml(evil)).length).toBeGreaterThan(10);
});

it('puts runs from right to left in the order of reading', () => {
  const runs = visualRuns('شركة (LLC) 12', 'regular');
  expect(runs.map(({ text }) => text).join('|')).toBe('12| (|LLC|شركة )');
  // The font draws this one from right to left; its parenthesis is mirrored.
  expect(runs.at(-1)).toEqual({ font: 'arabic', text: 'شركة )', rtl: true });
});

it('breaks lines at spaces and between East Asian characters, and cuts long words', () => {
  const measure = ({ text }: { text: string }): number => text.length;
  expect(wrap('one two three', 7, 'regular', measure)).toEqual(['one two', 'three']);
  expect(wrap('東京都港区', 2, 'regular', measure)).toEqual(['東京', '都港', '区']);
  expect(wrap('abcdefgh\nx', 3, 'regular', measure)).toEqual(['abc', 'def', 'gh', 'x']);
});
