/** A mail to one person. The text is authoritative; the HTML has the same content. */
export interface Mail {
  /** Unique forever, and the left side of its Message-ID: a recipient can recognize a mail that arrives twice. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  /** Plain text; blank lines separate paragraphs. */
  readonly text: string;
}

/** One line without control characters: names of products, which users choose, may end up in a header. */
export const oneLine = (text: string, max = 200): string =>
  [...text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()].slice(0, max).join('');

/** The text as simple HTML: paragraphs, line breaks and web addresses; everything else is escaped. */
export const htmlOf = (text: string): string => {
  const paragraphs = text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${paragraph.split('\n').map(lineOf).join('<br>\n')}</p>`);
  return `<!doctype html>\n<html><body style="font-family: sans-serif">\n${paragraphs.join('\n')}\n</body></html>\n`;
};

const lineOf = (line: string): string =>
  line
    .split(/(https?:\/\/\S+)/)
    .map((part, n) => (n % 2 === 1 ? `<a href="${escapeHtml(part)}">${escapeHtml(part)}</a>` : escapeHtml(part)))
    .join('');

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
