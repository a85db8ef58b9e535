import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_BRAND } from '../../apps/billing/src/documents/brand.ts';
import { BUYER, CREDIT_NOTE, INVOICE, REVERSE_CHARGE } from '../../apps/billing/src/documents/document-example.ts';
import type { DocumentFormat } from '../../apps/billing/src/documents/formats.ts';
import { render } from '../../apps/billing/src/documents/render.ts';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import { fetchMustang, mustangUnavailable, validate } from '../support/mustang.ts';

const unavailable = mustangUnavailable();
const suite = unavailable === undefined ? describe : describe.skip;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'keyledger-documents-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const write = async (
  name: string,
  document: InvoiceDocument,
  format: DocumentFormat,
  change = (text: Buffer): Buffer => text,
): Promise<string> => {
  const file = join(dir, name);
  writeFileSync(file, change(Buffer.from(await render({ document, format, brand: NO_BRAND }))));
  return file;
};

/** Each run of the validator starts a JVM, so one file proves several formats and documents. */
suite(`documents by Mustang${unavailable === undefined ? '' : ` (${unavailable})`}`, () => {
  beforeAll(() => fetchMustang());

  it('an invoice with names in five scripts is Factur-X in PDF/A-3', async () => {
    const buyer = {
      ...BUYER,
      company: '株式会社ひかり Αθήνα',
      name: 'شركة النور للتجارة (LLC) 12 Анна',
      address: { ...BUYER.address, line2: '北京科技 한국 שלום' },
    };
    const verdict = await validate(await write('invoice.pdf', { ...INVOICE, buyer }, 'pdf'));
    expect(verdict).toMatchObject({ valid: true, complaints: [] });
    expect(verdict.report).toContain('flavour=3b');
    expect(verdict.report).toContain('isCompliant=true');
    expect(verdict.report).toContain('<profile>urn:cen.eu:en16931:2017</profile>');
  });

  it('a credit note is EN 16931 in UBL', async () => {
    expect(await validate(await write('credit-note.xml', CREDIT_NOTE, 'ubl'))).toMatchObject({
      valid: true,
      complaints: [],
    });
  });

  it('a reverse-charge invoice is XRechnung', async () => {
    const verdict = await validate(await write('reverse-charge.xml', REVERSE_CHARGE, 'xrechnung'));
    expect(verdict).toMatchObject({ valid: true, complaints: [] });
    expect(verdict.report).toContain('xrechnung_3.0');
  });

  it('a changed total is refused', async () => {
    const change = (text: Buffer): Buffer =>
      Buffer.from(text.toString().replace('<ram:DuePayableAmount>100.00<', '<ram:DuePayableAmount>101.00<'));
    const verdict = await validate(await write('changed.xml', INVOICE, 'cii', change));
    expect(verdict.valid).toBe(false);
    expect(verdict.complaints.join()).toContain('BR-CO-16');
  });
});

const pdftotext = spawnSync('pdftotext', ['-v']).error === undefined;

(pdftotext ? it : it.skip)(`the text of a PDF can be copied${pdftotext ? '' : ' (pdftotext not found)'}`, async () => {
  const buyer = { ...BUYER, company: '株式会社ひかり', name: 'Ελένη Петрова' };
  const file = await write('text.pdf', { ...INVOICE, buyer }, 'pdf');
  const { stdout } = spawnSync('pdftotext', ['-layout', file, '-'], { encoding: 'utf8' });
  for (const text of [
    'Rechnung',
    '株式会社ひかり',
    'Ελένη Петрова',
    'KL-2026-000042',
    '119,00 EUR',
    'DE89370400440532013000',
  ])
    expect(stdout.replaceAll('\u00a0', ' ')).toContain(text);
});
