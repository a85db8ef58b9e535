import PDFDocument from 'pdfkit';
import { type FontName, freshFont } from './fonts.ts';
import { type Measure, visualRuns, type Weight, wrap } from './text-lines.ts';

export interface TextStyle {
  readonly size?: number;
  readonly weight?: Weight;
  readonly color?: string;
  readonly align?: 'left' | 'right';
}

export interface PdfMetadata {
  /** ASCII without `<` and `&`: pdfkit copies it into XML. */
  readonly title: string;
  /** Time of creation and change: it makes the file's id too. */
  readonly date: Date;
  readonly language: string;
}

/** A4 in points. */
const PAGE = { width: 595.28, height: 841.89 };
export const MARGIN = 50;
export const CONTENT_WIDTH = PAGE.width - 2 * MARGIN;
/** Space at the foot of each page. */
const FOOTER = 40;
const BOTTOM = PAGE.height - MARGIN - FOOTER;
/** Lines of text, in multiples of the font size; the baseline is one size and a bit below the top. */
const LEADING = 1.4;
const ASCENT = 1.07;
/** A feature that all fonts of scripts from right to left have. pdfkit reverses the order of words unless features are given. */
const RTL = { features: ['rtla'] as PDFKit.Mixins.OpenTypeFeatures[] };

/** An A4 document that is written from top to bottom: text by lines, in all scripts that its fonts have. */
export class Sheet {
  readonly #doc: PDFKit.PDFDocument;
  readonly #done: Promise<Buffer>;
  readonly #registered = new Set<FontName>();
  y = MARGIN;
  /** Called after each page break, to repeat the head of a table. */
  onPage: () => void = () => undefined;

  constructor({ title, date, language }: PdfMetadata) {
    this.#doc = new PDFDocument({
      size: 'A4',
      margin: 0,
      pdfVersion: '1.7',
      subset: 'PDF/A-3b',
      lang: language,
      bufferPages: true,
      // No default: it would be one of PDF's own fonts, which PDF/A forbids.
      font: '',
      info: { Title: title, Producer: 'Keyledger', Creator: 'Keyledger', CreationDate: date, ModDate: date },
    });
    const chunks: Buffer[] = [];
    this.#doc.on('data', (chunk: Buffer) => chunks.push(chunk));
    this.#done = new Promise((resolve, reject) => {
      this.#doc.on('end', () => resolve(Buffer.concat(chunks)));
      this.#doc.on('error', reject);
    });
  }

  /** Writes a text of one or more lines, and breaks the page where it must. */
  text(text: string, x: number, width: number, style: TextStyle = {}): void {
    const { size = 9 } = style;
    for (const line of this.lines(text, width, style)) {
      this.room(size * LEADING);
      this.line(line, x, width, style);
      this.y += size * LEADING;
    }
  }

  lines(text: string, width: number, { size = 9, weight = 'regular' }: TextStyle = {}): string[] {
    return wrap(text, width, weight, this.#measure(size));
  }

  /** Writes one line at the present height and stays there. */
  line(
    line: string,
    x: number,
    width: number,
    { size = 9, weight = 'regular', color = '#222', align }: TextStyle = {},
  ): void {
    const runs = visualRuns(line, weight).map((run) => ({ ...run, width: this.#measure(size)(run) }));
    const total = runs.reduce((sum, run) => sum + run.width, 0);
    let at = align === 'right' ? x + width - total : x;
    this.#doc.fillColor(color);
    for (const run of runs) {
      this.#use(run.font, size).text(run.text, at, this.y + size * ASCENT, {
        lineBreak: false,
        baseline: 'alphabetic',
        ...(run.rtl ? RTL : {}),
      });
      at += run.width;
    }
  }

  rule(color = '#ccc'): void {
    this.#doc
      .moveTo(MARGIN, this.y)
      .lineTo(PAGE.width - MARGIN, this.y)
      .lineWidth(0.5)
      .strokeColor(color)
      .stroke();
    this.y += 4;
  }

  /** Breaks the page unless `height` is left on it. */
  room(height: number): void {
    if (this.y + height <= BOTTOM) return;
    this.#doc.addPage();
    this.y = MARGIN;
    this.onPage();
  }

  /** @param image PNG or JPEG */
  image(image: Uint8Array, x: number, width: number, height: number): void {
    this.#doc.image(Buffer.from(image), x, this.y, { fit: [width, height] });
  }

  /** Attaches a file of the same content (PDF/A-3, relationship Alternative). */
  attach(name: string, content: string, description: string, date: Date): void {
    // Not a literal in the call: its type does not know `relationship`.
    const options = {
      name,
      type: 'text/xml',
      relationship: 'Alternative',
      description,
      creationDate: date,
      modifiedDate: date,
    };
    this.#doc.file(Buffer.from(content), options);
  }

  /** Adds RDF to the document's XMP metadata. @param rdf in ASCII: pdfkit counts characters as bytes */
  metadata(rdf: string): void {
    this.#doc.appendXML(rdf);
  }

  /** Writes the foot of each page, and ends the document. */
  end(foot: (page: number, pages: number) => readonly string[]): Promise<Buffer> {
    this.onPage = () => undefined;
    const { count } = this.#doc.bufferedPageRange();
    for (let page = 0; page < count; page++) {
      this.#doc.switchToPage(page);
      this.y = BOTTOM + 12;
      this.rule();
      for (const line of foot(page + 1, count)) {
        this.line(line, MARGIN, CONTENT_WIDTH, { size: 7, color: '#666' });
        this.y += 7 * LEADING;
      }
    }
    this.#doc.end();
    return this.#done;
  }

  #measure =
    (size: number): Measure =>
    ({ font, text, rtl }) =>
      this.#use(font, size).widthOfString(text, rtl ? RTL : {});

  #use(font: FontName, size: number): PDFKit.PDFDocument {
    if (!this.#registered.has(font)) {
      // pdfkit takes fontkit's fonts; its types do not know that.
      this.#doc.registerFont(font, freshFont(font) as unknown as Buffer);
      this.#registered.add(font);
    }
    return this.#doc.font(font).fontSize(size);
  }
}
