import { STATUS_CODES } from 'node:http';
import type { ProblemType } from './problems.ts';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}code{font-size:.95em}dt{font-weight:600;margin-top:1rem}dd{margin:0}';

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter] ?? letter);

/** Text with `code` between back-ticks. */
const prose = (text: string): string => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');

const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
  `<title>${escaped(title)}</title><style>${STYLE}</style><h1>${escaped(title)}</h1>${body}</html>`;

/** What a problem means and what to do about it, for a person. */
export const problemPage = (code: string, { status, message, remedy }: ProblemType): string =>
  page(
    code,
    `<p>${prose(message)}</p><dl><dt>Status</dt><dd>${status} ${STATUS_CODES[status] ?? ''}</dd>` +
      `<dt>What to do</dt><dd>${prose(remedy)}</dd></dl><p><a href="/problems">All problems</a></p>`,
  );

export const problemList = (problems: ReadonlyMap<string, ProblemType>): string =>
  page(
    'Problems',
    `<p>The <code>code</code> of an <code>application/problem+json</code> answer (RFC 9457).</p><dl>${[...problems]
      .map(
        ([code, { status, message }]) =>
          `<dt><a href="/problems/${code}">${code}</a> (${status})</dt><dd>${prose(message)}</dd>`,
      )
      .join('')}</dl>`,
  );
