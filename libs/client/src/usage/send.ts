import { asObject } from '../bytes.ts';
import type { Reply, Transport } from '../transport.ts';
import type { Kept } from './backlog.ts';

/** Results of a batch. Records that are in neither list are sent again. */
export interface Sent {
  readonly counted: readonly Kept[];
  readonly refused: readonly { readonly record: Kept; readonly code: string; readonly reason: string }[];
  /** Why sending stops for now; undefined = continue. */
  readonly stopped: { readonly code: string; readonly retryAfterMs: number | null } | undefined;
}

/** Refusals that may end (a suspension is lifted, a payment arrives, the server is updated): the records wait. */
const WAITS = /^(LICENSE_(SUSPENDED|EXPIRED|CANCELED|NOT_YET_VALID)|RATE_LIMITED|UNAVAILABLE|INTERNAL|NOT_FOUND)$/;
/** Refusals of the license, and so of all its records. */
const ENDS = /^LICENSE_/;

/** Sends records of one license in one call. @throws LicenseError ABORTED */
export const sendBatch = async (
  transport: Transport,
  batch: readonly Kept[],
  signal: AbortSignal | undefined,
): Promise<Sent> => {
  const license_key = batch[0]?.usage.license_key ?? '';
  const records = batch.map(({ usage: { license_key: _key, ...record } }) => record);
  const reply = await transport.post('/license/usage/batch', { license_key, records }, { signal });
  if (reply.kind === 'silence') return stop('OFFLINE', reply.retryAfterMs);
  if (reply.kind === 'answer') return sorted(batch, reply);
  if (WAITS.test(reply.code)) return stop(reply.code, null);
  // An invalid record must not block the others: the batch is halved until the invalid record is alone.
  const { code, reason } = reply;
  if (batch.length === 1 || ENDS.test(code)) {
    return { counted: [], refused: batch.map((record) => ({ record, code, reason })), stopped: undefined };
  }
  const half = Math.ceil(batch.length / 2);
  const one = await sendBatch(transport, batch.slice(0, half), signal);
  if (one.stopped !== undefined) return one;
  const two = await sendBatch(transport, batch.slice(half), signal);
  return {
    counted: [...one.counted, ...two.counted],
    refused: [...one.refused, ...two.refused],
    stopped: two.stopped,
  };
};

const stop = (code: string, retryAfterMs: number | null): Sent => ({
  counted: [],
  refused: [],
  stopped: { code, retryAfterMs },
});

/** Each record has its own result, in the order of sending. */
const sorted = (batch: readonly Kept[], { body }: Extract<Reply, { kind: 'answer' }>): Sent => {
  const results = Array.isArray(body['results']) ? (body['results'] as unknown[]).map(asObject) : [];
  if (results.length !== batch.length) return stop('OFFLINE', null);
  const counted: Kept[] = [];
  const refused: { record: Kept; code: string; reason: string }[] = [];
  let waits: string | undefined;
  for (const [index, record] of batch.entries()) {
    const result = results[index];
    const code = typeof result?.['code'] === 'string' ? result['code'] : 'REFUSED';
    if (result?.['accepted'] === true) counted.push(record);
    else if (WAITS.test(code)) waits ??= code;
    else refused.push({ record, code, reason: typeof result?.['detail'] === 'string' ? result['detail'] : code });
  }
  return { counted, refused, stopped: waits === undefined ? undefined : { code: waits, retryAfterMs: null } };
};
