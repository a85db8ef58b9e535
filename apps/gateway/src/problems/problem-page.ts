import { STATUS_CODES } from 'node:http';
import { page, prose } from '../documents/page.ts';
import type { ProblemType } from './problems.ts';

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
