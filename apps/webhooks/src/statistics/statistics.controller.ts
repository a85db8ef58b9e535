import { Controller } from '@nestjs/common';
import { refuse } from '#domain/webhooks/webhook-endpoint/webhook-endpoint.errors';
import { realTime } from '#platform/clock/clock';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { EndpointList } from '../endpoints/endpoint.list.ts';
import { webhookStatistics } from './statistics.endpoints.ts';
import { figuresOf, Statistics, type StatisticsRow } from './statistics.ts';

const DAY_MS = 86_400_000;

@Controller()
export class StatisticsController {
  constructor(
    private readonly endpoints: EndpointList,
    private readonly statistics: Statistics,
  ) {}

  @Endpoint(webhookStatistics)
  async read({ params, query, principal }: Call<typeof webhookStatistics>): Promise<unknown> {
    if ((await this.endpoints.one(params.id, principal.product_id)) === undefined) refuse('WEBHOOK_NOT_FOUND');
    const { bucket = 'hour' } = query;
    const now = new Date(realTime());
    const until = query.until === undefined ? now : new Date(query.until);
    const since = query.since === undefined ? new Date(now.getTime() - DAY_MS) : new Date(query.since);
    const [rows, { pending, waiting, oldest }] = await Promise.all([
      this.statistics.read(params.id, since, until),
      this.statistics.queue(params.id),
    ]);
    return {
      ...figuresOf(rows),
      buckets: bucketsOf(rows, bucket),
      queue: {
        pending,
        waiting,
        oldest_pending_at: oldest?.toISOString() ?? null,
        oldest_age_seconds: oldest === null ? null : Math.max(0, (now.getTime() - oldest.getTime()) / 1_000),
      },
    };
  }
}

/** Hours, or their sums for days of UTC. */
const bucketsOf = (rows: readonly StatisticsRow[], bucket: 'hour' | 'day') => {
  const parts = new Map<string, StatisticsRow[]>();
  for (const row of rows) {
    const from = row.from.toISOString();
    const name = bucket === 'hour' ? from : `${from.slice(0, 10)}T00:00:00.000Z`;
    parts.set(name, [...(parts.get(name) ?? []), row]);
  }
  return [...parts].map(([from, part]) => ({ from, ...figuresOf(part) }));
};
