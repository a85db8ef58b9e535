import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { QUOTA_PERIODS, type QuotaPeriod } from '#domain/licensing/entitlements/entitlement';
import type { PublishedEvent, RecordedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { type ForeignEvent, recordedFrom } from '#events/projection/recorded';
import type { Projection } from '#events/store';
import { arrayOf } from '#events/store/array';
import { usageFeaturesTable, usageRecordsTable } from './usage-record.table.ts';

interface Recorded {
  readonly license_id: string;
  readonly product_id: string;
  readonly feature: string;
  readonly period: QuotaPeriod;
  readonly quantity: number;
  readonly occurred_at: string;
  /** Missing in events from before there was one. */
  readonly unique_key?: string | null;
}

const RECORDS = `insert into usage_records (license_id, feature, at, version, id, product_id, quantity, unique_key)
  select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::int[], $5::text[], $6::text[], $7::bigint[], $8::text[])
  on conflict do nothing`;

const FEATURES = `insert into usage_features as t (license_id, feature, longest)
  select * from unnest($1::text[], $2::text[], $3::int[])
  on conflict (license_id, feature) do update set longest = excluded.longest where t.longest < excluded.longest`;

/**
 * Projects the usage that licensing records, in two statements for any number of records. A reset of a quota is not among them: it
 * begins the count against the limit again, and what was used stays used.
 */
export const usageRecordsProjection: Projection = {
  name: 'usage_records',
  types: ['usage.recorded'],
  tables: [usageRecordsTable.name, usageFeaturesTable.name],
  handle: async (batch, tx) => {
    const events = batch as unknown as readonly RecordedEvent<ForeignEvent<'usage.recorded', Recorded>>[];
    const records = events.map(({ id, version, event: { data } }) => ({ ...data, id, version }));
    await tx.query({
      name: 'insert_usage_records',
      text: RECORDS,
      values: [
        arrayOf(records.map(({ license_id }) => license_id)),
        arrayOf(records.map(({ feature }) => feature)),
        arrayOf(records.map(({ occurred_at }) => occurred_at)),
        arrayOf(records.map(({ version }) => version)),
        arrayOf(records.map(({ id }) => id)),
        arrayOf(records.map(({ product_id }) => product_id)),
        arrayOf(records.map(({ quantity }) => quantity)),
        arrayOf(records.map(({ unique_key = null }) => unique_key)),
      ],
    });
    const features = [...featuresOf(records).values()];
    await tx.query({
      name: 'upsert_usage_features',
      text: FEATURES,
      values: [
        arrayOf(features.map(({ license_id }) => license_id)),
        arrayOf(features.map(({ feature }) => feature)),
        arrayOf(features.map(({ longest }) => longest)),
      ],
    });
  },
};

const featuresOf = (
  records: readonly Recorded[],
): ReadonlyMap<string, { license_id: string; feature: string; longest: number }> => {
  const found = new Map<string, { license_id: string; feature: string; longest: number }>();
  for (const { license_id, feature, period } of records) {
    const key = `${license_id}/${feature}`;
    const longest = Math.max(found.get(key)?.longest ?? 0, QUOTA_PERIODS.indexOf(period));
    found.set(key, { license_id, feature, longest });
  }
  return found;
};

@Controller()
export class UsageSubscription {
  @Subscribe({ service: 'billing', name: 'usage', sources: ['licensing'], types: usageRecordsProjection.types })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    await usageRecordsProjection.handle(batch.map(recordedFrom), tx);
  }
}
