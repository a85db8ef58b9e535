import { createReadStream, createWriteStream } from 'node:fs';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { MIMEType } from 'node:util';
import { request } from 'undici';
import { Progress } from './progress.ts';
import type { Target } from './target.ts';

interface Import {
  readonly id: string;
  readonly status: string;
  readonly lines: number;
  readonly done: number;
  readonly issued: number;
  readonly unchanged: number;
  readonly refused: number;
}

const MEDIA: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.tsv': 'text/csv',
  '.ndjson': 'application/x-ndjson',
  '.jsonl': 'application/x-ndjson',
};
const LOOK_MS = 250;
/** Longest time without an answer, in milliseconds, before the command stops watching. The import itself continues. */
const PATIENCE_MS = 60_000;

/**
 * Sends a file of licenses and shows the progress of its import. The refused lines are written to a file beside it.
 * @param charset a label of the WHATWG Encoding Standard, such as `windows-1252`; undefined = by the byte order mark, or UTF-8
 * @returns the finished import
 */
export const importLicenses = async (file: string, charset: string | undefined, target: Target): Promise<Import> => {
  const media = MEDIA[extname(file).toLowerCase()];
  if (media === undefined) throw new Error(`${file}: the name must end in ${Object.keys(MEDIA).join(', ')}.`);
  const type = new MIMEType(media);
  if (charset !== undefined) type.params.set('charset', charset);
  const sent = await call(target, '/admin/imports', { body: createReadStream(file), type: String(type) });
  const done = await watched(target, (await sent.json()) as Import);
  if (done.refused > 0) {
    const report = `${file}.refused.csv`;
    await pipeline(await call(target, `/admin/imports/${done.id}/report`), createWriteStream(report));
    console.error(`${done.refused} lines were refused: ${report} says why.`);
  }
  return done;
};

/** The lists that are exported, by what they list. */
const LISTS = {
  licenses: '/admin/licenses',
  activations: '/admin/activations',
  usage: '/admin/usage',
  customers: '/admin/customers',
  subscriptions: '/subscriptions',
  invoices: '/admin/invoices',
  payments: '/admin/payments',
} as const;

/** Writes an export to a file, or to the standard output. */
export const exportAll = async (
  what: keyof typeof LISTS,
  format: 'csv' | 'ndjson',
  to: string | undefined,
  target: Target,
): Promise<void> => {
  const body = await call(target, `${LISTS[what]}?format=${format}`);
  await pipeline(body, to === undefined ? process.stdout : createWriteStream(to), { end: to !== undefined });
};

type Body = Readable & { json(): Promise<unknown>; text(): Promise<string> };

const call = async ({ url, key }: Target, path: string, file?: { body: Readable; type: string }): Promise<Body> => {
  const { statusCode, body } = await request(`${url}/api/v1${path}`, {
    method: file === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, ...(file === undefined ? {} : { 'content-type': file.type }) },
    ...(file === undefined ? {} : { body: file.body }),
    headersTimeout: 0,
  });
  if (statusCode < 300) return body;
  const text = await body.text();
  throw new Error(`${path} answered ${statusCode}: ${detailOf(text)}`);
};

const detailOf = (text: string): string => {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === 'string' ? detail : text;
  } catch {
    return text;
  }
};

/** Polls until the import is finished, also across a restart of the server. */
const watched = async (target: Target, first: Import): Promise<Import> => {
  let job = first;
  let seen = performance.now();
  const progress = new Progress();
  const show = ({ done, lines: total, refused }: Import): void => progress.show({ done, total, refused });
  show(job);
  while (job.status !== 'finished') {
    await sleep(LOOK_MS);
    try {
      job = (await (await call(target, `/admin/imports/${job.id}`)).json()) as Import;
      seen = performance.now();
    } catch (error) {
      if (performance.now() - seen > PATIENCE_MS) throw error;
    }
    show(job);
  }
  progress.end();
  return job;
};
