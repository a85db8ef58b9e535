import { cii } from './cii.ts';
import { electronic } from './en16931.ts';
import type { RenderTask } from './formats.ts';
import { html } from './html.ts';
import { pdf } from './pdf.ts';
import { languageOf } from './language.ts';
import { ubl, xrechnung } from './ubl.ts';

/**
 * Renders a document that `checkComplete` accepts: the same bytes for the same task, on every machine. Text is UTF-8. A PDF takes
 * up to 300 ms of a processor and loads fonts: in a server, call `Documents.render`, which does this in a worker thread.
 */
export const render = async ({ document, format, brand }: RenderTask): Promise<Uint8Array> => {
  const language = languageOf(document.buyer?.locale, brand.locale);
  switch (format) {
    case 'pdf':
      return pdf(document, language, brand);
    case 'html':
      return Buffer.from(html(document, language, brand));
    case 'cii':
      return Buffer.from(cii(electronic(document, language)));
    case 'ubl':
      return Buffer.from(ubl(electronic(document, language)));
    case 'xrechnung':
      return Buffer.from(xrechnung(electronic(document, language)));
  }
};
