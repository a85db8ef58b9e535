import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Piscina } from 'piscina';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import { type Brand, NO_BRAND } from './brand.ts';
import { checkComplete, type DocumentFormat, type RenderTask } from './formats.ts';

/** Bytes of documents that are kept: some hundred PDFs. */
const CACHE_BYTES = 16_777_216;
/** A worker with its fonts takes some 150 MB, so it ends after this time without work. */
const IDLE_MS = 30_000;
/** More waiting documents than this are refused: at 100 ms each, the last one would wait for a minute and a half. */
const MAX_WAITING = 1_000;

/** The worker's file stands beside this one, compiled or not. Sources need Node's own compiler and the paths of sources. */
const SOURCES = import.meta.url.endsWith('.ts');
const WORKER = fileURLToPath(new URL(`./render.worker.${SOURCES ? 'ts' : 'js'}`, import.meta.url));
const SOURCE_OPTIONS = [
  '--conditions=source',
  '--experimental-transform-types',
  '--disable-warning=ExperimentalWarning',
];

/**
 * Renders invoices and credit notes on demand, in a worker thread, so that the process goes on while a PDF is made. The same
 * document always has the same bytes; nothing is stored.
 */
@Injectable()
export class Documents implements OnModuleDestroy {
  readonly #cache = new LRUCache<string, Buffer>({ maxSize: CACHE_BYTES, sizeCalculation: ({ length }) => length + 1 });
  /** Of tasks that are under way, so that equal ones share a rendering. */
  readonly #running = new Map<string, Promise<Buffer>>();
  #workers: Piscina<RenderTask, Uint8Array> | undefined;

  /**
   * @param brand what the seller had set when the document was issued
   * @throws E_INVOICE_INCOMPLETE, XRECHNUNG_INCOMPLETE {fields} if the document lacks what the format requires
   */
  async render(document: InvoiceDocument, format: DocumentFormat, brand: Brand = NO_BRAND): Promise<Buffer> {
    checkComplete(document, format);
    const task: RenderTask = { document, format, brand };
    const key = keyOf(task);
    const known = this.#cache.get(key) ?? this.#running.get(key);
    if (known !== undefined) return known;
    const rendering = this.#runOrLeaveLogo(task).finally(() => this.#running.delete(key));
    this.#running.set(key, rendering);
    const bytes = await rendering;
    this.#cache.set(key, bytes);
    return bytes;
  }

  async onModuleDestroy(): Promise<void> {
    const workers = this.#workers;
    this.#workers = undefined;
    await workers?.destroy();
  }

  /** A file that begins as an image and is none must not keep invoices from being read. */
  async #runOrLeaveLogo(task: RenderTask): Promise<Buffer> {
    try {
      return await this.#run(task);
    } catch (error) {
      if (task.brand.logo === null) throw error;
      return this.#run({ ...task, brand: { ...task.brand, logo: null } });
    }
  }

  async #run(task: RenderTask): Promise<Buffer> {
    this.#workers ??= new Piscina<RenderTask, Uint8Array>({
      filename: WORKER,
      execArgv: SOURCES ? SOURCE_OPTIONS : [],
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
      maxQueue: MAX_WAITING,
    });
    const bytes = await this.#workers.run(task);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

/** By content: a document has no id of its own, and its content decides what is rendered. */
const keyOf = ({ document, format, brand }: RenderTask): string =>
  createHash('sha256')
    .update(JSON.stringify([document, format, brand.locale]))
    .update(brand.logo ?? '')
    .digest('base64');
