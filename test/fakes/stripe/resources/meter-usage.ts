import type { Meter, Period } from '../objects.ts';
import type { World } from '../world.ts';

/** What a meter counts for a customer in [start, end), of the events that had arrived by a time. */
export const usageOf = (world: World, meter: Meter, customer: string, period: Period, arrived = Infinity): number => {
  const uses = world.uses
    .of(`${customer} ${meter.event_name}`)
    .filter(({ timestamp, received }) => timestamp >= period.start && timestamp < period.end && received <= arrived);
  switch (meter.default_aggregation.formula) {
    case 'count':
      return uses.length;
    case 'sum':
      return uses.reduce((sum, { value }) => sum + value, 0);
    case 'last': {
      const latest = uses.reduce((time, { timestamp }) => Math.max(time, timestamp), -Infinity);
      return uses.findLast(({ timestamp }) => timestamp === latest)?.value ?? 0;
    }
  }
};
