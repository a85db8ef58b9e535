import type { Time } from '../../shared/time.ts';
import type { IssueInvoice } from './invoice.request.ts';

export const NUMBER_SERIES = ['invoice', 'credit_note'] as const;
export type NumberSeries = (typeof NUMBER_SERIES)[number];

/** A number was given to a document. It is never taken back: the document is always finalized. */
export interface NumberAssigned {
  readonly type: 'number.assigned';
  readonly series: NumberSeries;
  readonly year: number;
  /** 1, 2, 3 … without gaps within series and year. */
  readonly count: number;
  /** As it is printed: `INV-2026-00042`. */
  readonly number: string;
  /** Id of the invoice or credit note. */
  readonly document_id: string;
  readonly invoice_id: string;
  /** Not before that of any earlier number of the series. */
  readonly issued_at: Time;
  /** What is issued under the number, for a document that is ordered nowhere else: a crash after this event loses nothing. */
  readonly request: IssueInvoice | null;
}

/** The last number of a series in a year. */
export interface Numbers {
  readonly count: number;
  readonly issued_at: Time | null;
}

const initialState: Numbers = { count: 0, issued_at: null };

const evolve = (_state: Numbers, { count, issued_at }: NumberAssigned): Numbers => ({ count, issued_at });

/** One stream for each series and year: its commands are decided one after the other, so there are no gaps. */
export const numberStream = { name: 'numbers', initialState, evolve };

/** `numbers/invoice/2026` */
export const numbersOf = (series: NumberSeries, year: number): string => `numbers/${series}/${year}`;

/** The year of a series to which a time of issue belongs, in UTC. */
export const seriesYear = (issued_at: Time): number => Number(issued_at.slice(0, 4));

export interface AssignNumbers {
  readonly series: NumberSeries;
  readonly year: number;
  /** The seller's prefix of numbers. */
  readonly prefix: string;
  readonly documents: readonly {
    readonly document_id: string;
    readonly invoice_id: string;
    readonly issued_at: Time;
    readonly request: IssueInvoice | null;
  }[];
}

/** Gives the next numbers to documents, in their order. */
export const assignNumbers = (
  { series, year, prefix, documents }: AssignNumbers,
  { count, issued_at }: Numbers,
): readonly NumberAssigned[] => {
  let latest = issued_at ?? '';
  return documents.map((document, n): NumberAssigned => {
    latest = document.issued_at > latest ? document.issued_at : latest;
    const next = count + n + 1;
    const parts = series === 'credit_note' ? [prefix, 'CN', year] : [prefix, year];
    const number = [...parts, String(next).padStart(5, '0')].filter((part) => part !== '').join('-');
    return { type: 'number.assigned', series, year, count: next, number, ...document, issued_at: latest };
  });
};
