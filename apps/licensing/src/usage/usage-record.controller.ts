import { Controller, Inject } from '@nestjs/common';
import { periodOf } from '#domain/licensing/usage/period';
import { type Quota, quotaOf } from '#domain/licensing/usage/quota';
import { resetUsage as decide } from '#domain/licensing/usage/usage.commands';
import { windowOf, type UsageState } from '#domain/licensing/usage/usage';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { DATABASE } from '#platform/service';
import { Licenses } from '../licenses/licenses.ts';
import { UsageCommands } from './usage-commands.ts';
import { listUsage, readUsageSeries, resetUsage } from './usage-record.endpoints.ts';
import { UsageRecords, viewRecord } from './usage-records.ts';
import { usageSeries } from './usage-series.ts';
import { quotaUse } from './usage.view.ts';

@Controller()
export class UsageRecordController {
  constructor(
    private readonly licenses: Licenses,
    private readonly records: UsageRecords,
    private readonly commands: UsageCommands,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Endpoint(listUsage)
  async list({ params: { id }, principal, query }: Call<typeof listUsage>): Promise<unknown> {
    await this.licenses.find(id, principal);
    const { feature, limit = DEFAULT_LIMIT, cursor } = query;
    const [before = Number.MAX_SAFE_INTEGER] = decodeCursor(cursor, ['number']).map(Number);
    const rows = await this.records.page(id, feature, before, limit + 1);
    return pageOf(rows, limit, ({ position }) => [position], viewRecord);
  }

  @Endpoint(readUsageSeries)
  async series({ params, principal, query }: Call<typeof readUsageSeries>): Promise<unknown> {
    const license_id = params.id;
    await this.licenses.find(license_id, principal);
    const { feature, bucket = 'day', from, to } = query;
    const series = await usageSeries(this.database.pool, this.clock.now(), { license_id, feature, bucket, from, to });
    return { license_id, feature, bucket, ...series };
  }

  @Endpoint(resetUsage)
  async reset(call: Call<typeof resetUsage>): Promise<Answer> {
    const { id } = call.params;
    const { feature, reason } = call.body;
    await this.licenses.find(id, call.principal);
    let quota: Quota | undefined;
    let now = '';
    const answer = ({ state }: { readonly state: UsageState }): Answer => {
      if (quota === undefined) throw new Error('a counter was reset without a quota');
      const { used, ...period } = windowOf(state, periodOf(quota.period, now));
      return new Answer(200, { license_id: id, feature, ...quotaUse(quota, period, used) });
    };
    const outcome = await this.commands.handle(
      id,
      feature,
      (on, state) => {
        const events = decide(on, reason, state);
        quota = quotaOf(on.entitlements[feature]);
        now = on.now;
        return events;
      },
      call.command(answer),
    );
    return answer(outcome);
  }
}
