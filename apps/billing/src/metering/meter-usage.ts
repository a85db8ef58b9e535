import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PoolClient } from 'pg';
import {
  type DeltaChange,
  deltaChange,
  deltaId,
  type KnownDelta,
  type MeteredRecord,
  type Tally,
  tallied,
} from '#domain/billing/metering/metered-delta';
import { meteredPeriod, meteredSlice } from '#domain/billing/metering/metered-slice';
import { LATE_MS } from '#domain/licensing/usage/period';
import type { Time } from '#domain/shared/time';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { type Meter, Meters } from './meters.ts';
import * as sql from './metering.statements.ts';

/** What it reads of `usage.recorded`. */
interface Recorded {
  readonly license_id: string;
  readonly feature: string;
  readonly quantity: number;
  readonly occurred_at: Time;
  readonly period_start: Time;
  readonly period_end: Time | null;
}

interface UsageRecord extends MeteredRecord {
  readonly period: { readonly start: Time; readonly end: Time | null };
}

/** The records of a feature of a license, in the order of their versions. */
interface Arrival {
  readonly license_id: string;
  readonly feature: string;
  readonly records: readonly UsageRecord[];
}

/**
 * Collects usage into deltas that are to be reported. The deltas are written with the checkpoint, and a record that is not newer
 * than what was collected of its stream is left out, so that each record counts once.
 */
@Controller()
export class MeterUsage {
  constructor(private readonly meters: Meters) {}

  @Subscribe({ service: 'billing', name: 'meter-usage', sources: ['licensing'], types: ['usage.recorded'] })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    await this.collect(batch, tx);
  }

  async collect(batch: readonly PublishedEvent[], tx: PoolClient): Promise<void> {
    const arrivals = arrivalsOf(batch);
    const meters = await this.meters.of(arrivals, tx);
    if (meters.length === 0) return;
    const byFeature = new Map(meters.map((meter) => [keyOf(meter), meter]));
    await sql.lockMeters(meters, tx);
    const collected = await sql.collectedVersions(meters, tx);
    const done = await Promise.allSettled(
      arrivals.map(async (arrival) => {
        const meter = byFeature.get(keyOf(arrival));
        if (meter === undefined) return;
        const since = collected.get(keyOf(arrival)) ?? 0;
        const records = arrival.records.filter(({ version }) => version > since);
        for (const tally of talliesOf(meter, records)) await add(meter, tally, tx);
      }),
    );
    // The transaction must be idle before it is rolled back.
    for (const one of done) if (one.status === 'rejected') throw one.reason;
  }
}

const add = async (meter: Meter, tally: Tally, tx: PoolClient): Promise<void> => {
  const { known, newest } = await sql.deltasOf(meter, tally, tx);
  const mine = known.filter((one) => isSameMeter(one, meter)).map(knownOf);
  const change = deltaChange(meter.aggregation, tally, mine, newest, LATE_MS);
  if (change !== undefined) await write(meter, tally, change, tx);
};

const write = (meter: Meter, tally: Tally, change: DeltaChange, tx: PoolClient): Promise<unknown> =>
  change.type === 'grow'
    ? sql.growDelta(change, tx)
    : sql.beginDelta(deltaId(meter.license_id, meter.feature, tally), meter, tally, change.ready_at, tx);

const arrivalsOf = (batch: readonly PublishedEvent[]): readonly Arrival[] =>
  [...Map.groupBy(batch, ({ subject }) => subject).values()].flatMap((events) => {
    const records = events.map(({ data, streamversion: version }): UsageRecord => {
      const { occurred_at: at, quantity, period_start: start, period_end: end } = data as unknown as Recorded;
      return { version, at, quantity, period: { start, end } };
    });
    const [first] = events;
    if (first === undefined) return [];
    const { license_id, feature } = first.data as unknown as Recorded;
    return [{ license_id, feature, records }];
  });

/** The records by their slices, oldest slice first. */
const talliesOf = ({ aggregation, subscription }: Meter, records: readonly UsageRecord[]): readonly Tally[] => {
  const sliced = records.flatMap((record) => {
    const slice = meteredSlice(aggregation, record.at, meteredPeriod(subscription, record.at, record.period));
    return slice === undefined ? [] : [{ slice, record }];
  });
  return [...Map.groupBy(sliced, ({ slice }) => slice.collects).values()]
    .flatMap((same) => {
      const [first] = same;
      return first === undefined
        ? []
        : [
            tallied(
              aggregation,
              first.slice,
              same.map(({ record }) => record),
            ),
          ];
    })
    .sort((a, b) => (a.slice.collects < b.slice.collects ? -1 : 1));
};

/** The plan or the customer may have changed within the minute. */
const isSameMeter = (row: sql.Delta, meter: Meter): boolean =>
  row.meter_event_name === meter.meter_event_name &&
  row.customer_id === meter.customer_id &&
  row.aggregation === meter.aggregation;

const knownOf = ({ id, quantity, last_at, last_version, taken_at }: sql.Delta): KnownDelta => ({
  id,
  quantity: quantity === null ? null : BigInt(quantity),
  last_at: last_at.toISOString(),
  last_version,
  taken: taken_at !== null,
});

const keyOf = ({ license_id, feature }: { readonly license_id: string; readonly feature: string }): string =>
  `${license_id}/${feature}`;
