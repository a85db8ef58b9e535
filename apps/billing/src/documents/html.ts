import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import { type Brand, logoType } from './brand.ts';
import { layout } from './layout.ts';
import type { Language } from './language.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for HTML, in elements and in quoted attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const STYLE = `body{font:14px/1.5 system-ui,sans-serif;color:#222;max-width:50em;margin:2em auto;padding:0 1em}
header{display:flex;justify-content:space-between;gap:2em}img{max-width:16em;max-height:5em}
.seller,td+td,th+th{text-align:right}table{width:100%;border-collapse:collapse;margin:1.5em 0}
th{color:#777;font-weight:normal}td,th{padding:.3em .4em;vertical-align:top;text-align:left}tbody tr{border-top:1px solid #ddd}
small,dt,footer,.label{color:#777}dl{display:grid;grid-template-columns:auto 1fr;gap:0 1em}dd{margin:0}.strong{font-weight:bold}
.lines{white-space:pre-line}`;

/** A document as one HTML page that loads nothing. All text in it is escaped. */
export const html = (document: InvoiceDocument, language: Language, brand: Brand): string => {
  const view = layout(document, language);
  const type = brand.logo === null ? undefined : logoType(brand.logo);
  const logo =
    brand.logo === null || type === undefined
      ? ''
      : `<img alt="" src="data:${type};base64,${Buffer.from(brand.logo).toString('base64')}">`;
  const block = (lines: readonly string[]): string =>
    lines.map((line) => `<div dir="auto">${escapeHtml(line)}</div>`).join('');
  const cell = (text: string): string => `<td>${escapeHtml(text)}</td>`;
  const rows = view.rows.map(({ description, details, quantity, unit_price, tax, amount }) => {
    const small = details.map((detail) => `<br><small>${escapeHtml(detail)}</small>`).join('');
    return `<tr><td dir="auto">${escapeHtml(description)}${small}</td>${[quantity, unit_price, tax, amount].map(cell).join('')}</tr>`;
  });
  const totals = view.totals.map(
    ({ label, amount, strong }) => `<tr${strong ? ' class="strong"' : ''}>${cell(label)}${cell(amount)}</tr>`,
  );
  const facts = view.facts.map(([label, value]) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`);
  return `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(`${view.title} ${view.number}`)}</title><style>${STYLE}</style></head>
<body>
<header><div>${logo}<h1>${escapeHtml(view.title)}</h1></div><div class="seller">${block(view.seller)}</div></header>
<section><div class="label">${escapeHtml(view.buyer_label)}</div>${block(view.buyer)}</section>
<dl>${facts.join('')}</dl>
<table><thead><tr>${view.columns.map((column) => `<th>${escapeHtml(column)}</th>`).join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table>
<table><tbody>
${totals.join('\n')}
</tbody></table>
${view.notes.map((note) => `<p class="lines" dir="auto">${escapeHtml(note)}</p>`).join('\n')}
${view.footer === null ? '' : `<footer class="lines" dir="auto">${escapeHtml(view.footer)}</footer>`}
</body>
</html>
`;
};
