import { Controller, Inject } from '@nestjs/common';
import { subscriptionStream } from '#domain/billing/subscription/subscription';
import { refuseSubscription } from '#domain/billing/subscription/subscription.errors';
import { EPOCH, periodBoundary, periodIndex } from '#domain/shared/calendar';
import type { EventStore } from '#events/store';
import { type Principal, seesProduct } from '#platform/auth/principal';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { Problem } from '#platform/http/problem';
import { EVENT_STORE } from '#platform/service';
import { assertRange } from '../time-range.ts';
import type { UsageRecordRow } from './usage-record.table.ts';
import { type Group, type RecordKey, UsageStore } from './usage-store.ts';
import { listUsageRecords, sumUsage } from './usage.endpoints.ts';

/** The largest number of groups in an answer: six weeks by the hour. */
const MOST = 1_000;

interface Whose {
  readonly license_id?: string | undefined;
  readonly subscription_id?: string | undefined;
}

/** Usage as billing charges it. */
@Controller()
export class UsageController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly usage: UsageStore,
  ) {}

  @Endpoint(sumUsage)
  async sum({ query, principal }: Call<typeof sumUsage>): Promise<unknown> {
    const { metric, from, to, aggregation = 'sum', group_by } = query;
    if (from >= to) throw invalid('?from', 'must be before to');
    const starts = group_by === undefined ? undefined : startsOf(group_by, from, to);
    const license_id = await this.#licenseOf(query, principal);
    const of = { license_id, feature: metric, product_id: principal.product_id ?? undefined };
    const range = { start: from, end: to };
    const [value = '0'] = await this.usage.values(of, aggregation, [range]);
    const sum = { license_id, metric, aggregation, from, to, value: Number(value) };
    if (group_by === undefined || starts === undefined) return sum;
    const groups = await this.usage.groups(of, aggregation, range, group_by);
    return { ...sum, groups: starts.map((start) => ({ start, value: Number(groups.get(start) ?? 0) })) };
  }

  @Endpoint(listUsageRecords)
  async list({ query, principal }: Call<typeof listUsageRecords>): Promise<unknown> {
    assertRange(query);
    const { metric: feature, from: start, to: end, limit = DEFAULT_LIMIT, cursor } = query;
    const before = decodeCursor(cursor, ['string', 'string', 'number']) as [] | RecordKey;
    if (before[0] !== undefined && Number.isNaN(Date.parse(before[0]))) throw invalid('?cursor', 'is not of this list');
    const license_id = await this.#licenseOf(query, principal);
    const of = { license_id, product_id: principal.product_id ?? undefined, ...(feature && { feature }) };
    const rows = await this.usage.list(of, { ...(start && { start }), ...(end && { end }) }, before, limit + 1);
    return pageOf(rows, limit, ({ at, feature: used, version }) => [at.toISOString(), used, version], view);
  }

  /** @throws Problem 400 unless exactly one of the two is named; Refusal SUBSCRIPTION_NOT_FOUND */
  async #licenseOf({ license_id, subscription_id }: Whose, principal: Principal): Promise<string> {
    if (license_id !== undefined && subscription_id === undefined) return license_id;
    if (subscription_id === undefined || license_id !== undefined)
      throw invalid('?subscription_id', 'either subscription_id or license_id is required');
    const { state } = await this.store.load(subscriptionStream, subscription_id);
    if (state.status === 'none' || !seesProduct(principal, state.product_id))
      return refuseSubscription('SUBSCRIPTION_NOT_FOUND');
    return state.license_id;
  }
}

/** The beginnings of the units that overlap [from, to). @throws Problem 400 if there are too many */
const startsOf = (unit: Group, from: string, to: string): readonly string[] => {
  const interval = { unit, count: 1 };
  const first = periodIndex(EPOCH, interval, from);
  const last = periodIndex(EPOCH, interval, to);
  if (last - first >= MOST) throw invalid('?group_by', `there are more than ${MOST} groups`);
  const starts = Array.from({ length: last - first + 1 }, (_, n) => periodBoundary(EPOCH, interval, first + n));
  return starts.filter((start) => start < to);
};

const view = ({ id, license_id, product_id, feature: metric, quantity, at, unique_key }: UsageRecordRow) => ({
  id,
  license_id,
  product_id,
  metric,
  quantity: Number(quantity),
  occurred_at: at.toISOString(),
  unique_key,
});

const invalid = (pointer: string, detail: string): Problem =>
  new Problem(400, 'VALIDATION_FAILED', 'The query is invalid.', { errors: [{ pointer, detail }] });
