/** Rendering invoices as PDF: how long one takes, and how long it keeps the process from answering. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { CREDIT_NOTE, INVOICE } from '#apps/billing/src/documents/document-example';
import { Documents } from '#apps/billing/src/documents/documents';
import { measureCalls } from './measure.ts';
import type { Figure } from './report.ts';

const DOCUMENTS = 200;
const LIMIT_MS = 300;
/** A longer delay of the event loop stalls the process. */
const STALL_MS = 20;

export const run = async (): Promise<Figure[]> => {
  const documents = new Documents();
  try {
    // Starts the thread, and loads the fonts.
    await documents.render(CREDIT_NOTE, 'pdf');
    const turns = monitorEventLoopDelay({ resolution: 1 });
    turns.enable();
    // Each has another number, so none comes from the cache.
    const measured = await measureCalls(DOCUMENTS, 1, (n) =>
      documents.render({ ...INVOICE, number: `KL-2026-${n}` }, 'pdf'),
    );
    turns.disable();
    return [
      {
        what: 'an invoice as PDF/A-3 with Factur-X, p99',
        value: measured.p99,
        unit: 'ms',
        target: { atMost: LIMIT_MS },
      },
      { what: 'the same, p50', value: measured.p50, unit: 'ms' },
      {
        what: 'delay of the event loop of the process meanwhile, p99',
        value: turns.percentile(99) / 1e6,
        unit: 'ms',
        target: { atMost: STALL_MS },
      },
    ];
  } finally {
    await documents.onModuleDestroy();
  }
};
