import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import { NO_BRAND } from './brand.ts';
import { BUYER, CREDIT_NOTE, INVOICE, LINE, REVERSE_CHARGE } from './document-example.ts';
import { Documents } from './documents.ts';
import { DOCUMENT_FORMATS } from './formats.ts';
import { render } from './render.ts';

const asPdf = async (document: InvoiceDocument): Promise<Buffer> =>
  Buffer.from(await render({ document, format: 'pdf', brand: NO_BRAND }));

const pages = (bytes: Buffer): number => [...bytes.toString('latin1').matchAll(/\/Type \/Page\n/g)].length;

describe('in a worker thread', () => {
  const documents = new Documents();
  afterAll(() => documents.onModuleDestroy());

  it.each(DOCUMENT_FORMATS)('the bytes of %s are those of any other rendering', async (format) => {
    const threaded = await documents.render(INVOICE, format);
    expect(threaded.equals(await render({ document: INVOICE, format, brand: NO_BRAND }))).toBe(true);
    expect(await documents.render(INVOICE, format)).toBe(threaded);
  });

  it('equal requests at the same time share one rendering', async () => {
    const [one, two] = await Promise.all([documents.render(CREDIT_NOTE, 'pdf'), documents.render(CREDIT_NOTE, 'pdf')]);
    expect(one).toBe(two);
  });

  it('a logo that cannot be decoded is left out', async () => {
    const header = Buffer.from('89504e470d0a1a0a0000000d49484452000000280000001408060000', 'hex');
    const body = Buffer.from('001c0be93b0000000c49444154ffffffffffffffffffffffff0000000049454e44ae426082', 'hex');
    const logo = Buffer.concat([header, body]);
    const plain = await documents.render(INVOICE, 'pdf');
    expect((await documents.render(INVOICE, 'pdf', { logo, locale: null })).equals(plain)).toBe(true);
    expect((await documents.render(INVOICE, 'pdf', { logo: header, locale: null })).equals(plain)).toBe(true);
  });

  it('refuses a format whose fields are missing before it asks a worker', async () => {
    const refused = documents.render({ ...INVOICE, po_number: null }, 'xrechnung');
    await expect(refused).rejects.toMatchObject({
      code: 'XRECHNUNG_INCOMPLETE',
      extensions: { fields: ['po_number'] },
    });
  });
});

describe('a PDF', () => {
  it('holds the CII of the same document and says what it is', async () => {
    const text = (await asPdf(INVOICE)).toString('latin1');
    expect(text.slice(0, 8)).toBe('%PDF-1.7');
    expect(text).toContain('factur-x.xml');
    expect(text).toContain('<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>');
    expect(text).toContain('<pdfaid:part>3</pdfaid:part>');
    expect(text).toContain('/CreationDate (D:20261129102030Z)');
  });

  it('has no e-invoice in it if the standard cannot express the document', async () => {
    for (const document of [
      { ...INVOICE, currency: 'sats' },
      { ...INVOICE, buyer: null },
      { ...INVOICE, buyer: { ...BUYER, address: { ...BUYER.address, country: null } } },
    ]) {
      const text = (await asPdf(document)).toString('latin1');
      expect(text).not.toContain('factur-x.xml');
      expect(text).toContain('<pdfaid:part>3</pdfaid:part>');
    }
  });

  it('has the same bytes whatever was rendered before', async () => {
    const first = await asPdf(INVOICE);
    // A no-break space has the glyph of a space.
    const other = { ...REVERSE_CHARGE, buyer: { ...BUYER, company: 'Kunde\u00a0&\u00a0Söhne\u00adKG' } };
    await asPdf(other);
    expect((await asPdf(INVOICE)).equals(first)).toBe(true);
  });

  it('continues on further pages', async () => {
    const lines = Array.from({ length: 200 }, (_, at) => ({ ...LINE, line: at + 1, description: `Line ${at + 1}` }));
    expect(pages(await asPdf({ ...INVOICE, lines }))).toBeGreaterThan(10);
    expect(
      pages(await asPdf({ ...INVOICE, lines: [{ ...LINE, description: 'long '.repeat(3_000) }] })),
    ).toBeGreaterThan(3);
  });

  it('draws names of all scripts, and replaces what no font has', async () => {
    for (const company of [
      'Αθηναϊκή Α.Ε.',
      'ООО «Ромашка»',
      '株式会社ひかり',
      '北京科技有限公司',
      '한국 주식회사',
      'شركة النور للتجارة (LLC) 12',
      'שלום בע״מ',
      'Emoji 🦄 \u0007 \ud800 𒀀',
    ]) {
      const document = { ...INVOICE, buyer: { ...BUYER, company } };
      const bytes = await asPdf(document);
      expect(bytes.equals(await asPdf(document))).toBe(true);
    }
  });

  it('shows a logo, and leaves out a file that is none', async () => {
    const require = createRequire(import.meta.url);
    const font = require.resolve('@expo-google-fonts/noto-sans');
    const logo = readFileSync(font.replace(/index\.js$/, 'font-family.png'));
    const plain = await asPdf(INVOICE);
    const withLogo = await render({ document: INVOICE, format: 'pdf', brand: { logo, locale: null } });
    expect(withLogo.length).toBeGreaterThan(plain.length);
    const broken = { logo: Buffer.from('<svg/>'), locale: null };
    expect(Buffer.from(await render({ document: INVOICE, format: 'pdf', brand: broken })).equals(plain)).toBe(true);
  });
});
