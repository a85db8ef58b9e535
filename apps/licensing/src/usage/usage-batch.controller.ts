import { Controller, Inject } from '@nestjs/common';
import { refuse } from '#domain/licensing/license/license.errors';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { isProblem, Problem, type ProblemShape } from '#platform/http/problem';
import { actorOf } from '../identification/identification.ts';
import { recordUsageBatch } from './usage-batch.endpoints.ts';
import { type SentUsage, UsageBatches, type UsageResult } from './usage-batches.ts';
import { UsageCallers } from './usage-callers.ts';

type BatchCall = Call<typeof recordUsageBatch>;
type Sent = BatchCall['body']['records'][number];

@Controller()
export class UsageBatchController {
  constructor(
    private readonly callers: UsageCallers,
    private readonly batches: UsageBatches,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Endpoint(recordUsageBatch)
  async record(call: BatchCall): Promise<{ readonly results: readonly UsageResult[] }> {
    const { records } = call.body;
    const licenses = await this.#licenses(call);
    const now = this.clock.now().toISOString();
    const keyOf = idempotencyKeys(call);
    const results: UsageResult[] = [];
    const sent: SentUsage[] = [];
    const places: number[] = [];
    records.forEach((one, n) => {
      const license = licenses(one);
      if (typeof license !== 'string') {
        results[n] = { accepted: false, code: license.code, detail: license.message };
        return;
      }
      const { feature, quantity, timestamp: occurred_at = now, metadata = null } = one;
      places.push(n);
      sent.push({
        license_id: license,
        feature,
        record: { quantity, occurred_at, metadata, idempotency_key: keyOf(one, n) },
      });
    });
    const counted = await this.batches.record(sent, (license_id) => call.metadata(actorOf(call.principal, license_id)));
    counted.forEach((result, n) => {
      results[places[n] ?? n] = result;
    });
    return { results };
  }

  /**
   * Finds the license of each record, or the problem of the record. It is the license of the call, or with an API key the license
   * that the record names.
   */
  async #licenses(call: BatchCall): Promise<(record: Sent) => string | ProblemShape> {
    const { license_key, license_id, records } = call.body;
    const own = records.flatMap((record) => record.license_id ?? []);
    if (license_key !== undefined || license_id !== undefined) {
      if (own.length > 0) throw twice();
      const license = await this.callers.license(call);
      return () => license;
    }
    if (own.length < records.length) throw none(records);
    const found = new Map<string, string | ProblemShape>();
    await Promise.all([...new Set(own)].map(async (id) => found.set(id, await this.#license(id, call))));
    return ({ license_id: id = '' }) => found.get(id) ?? refuse('LICENSE_NOT_FOUND');
  }

  async #license(id: string, { principal }: BatchCall): Promise<string | ProblemShape> {
    try {
      return await this.callers.byId(id, principal);
    } catch (error) {
      // A missing license is the answer to one record; missing credentials are the answer to the call.
      if (isProblem(error) && error.status === 404) return error;
      throw error;
    }
  }
}

/**
 * Gives records without an idempotency key one that is derived from the Idempotency-Key of the call, their position and the
 * caller.
 */
const idempotencyKeys = (call: BatchCall): ((record: Sent, n: number) => string | null) => {
  const { type, id } = call.principal.actor;
  const header = call.header('idempotency-key');
  return ({ idempotency_key }, n) => idempotency_key ?? (header === undefined ? null : `${type} ${id} ${header} ${n}`);
};

const twice = (): Problem =>
  new Problem(400, 'VALIDATION_FAILED', 'license_id stands either in the call or in each record.', {
    errors: [{ pointer: '/records', detail: 'have a license_id, as the call has' }],
  });

const none = (records: readonly Sent[]): Problem => {
  const n = records.findIndex(({ license_id }) => license_id === undefined);
  return new Problem(400, 'VALIDATION_FAILED', 'Send license_key, or license_id, or a license_id in each record.', {
    errors: [{ pointer: `/records/${n}/license_id`, detail: 'is required' }],
  });
};
