import type { Feature } from '#platform/feature';
import { EventLogs } from './event-logs.ts';
import { EventStreams } from './event-streams.ts';
import { EventsController } from './events.controller.ts';

export const eventsFeature: Feature = {
  controllers: [EventsController],
  providers: [EventLogs, EventStreams],
};
