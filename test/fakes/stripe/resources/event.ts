import { missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { Routes } from '../route.ts';

const DAYS_30 = 30 * 86_400;

const fits = (type: string, pattern: string): boolean =>
  pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));

/** Events are kept for 30 days. */
export const events: Routes = {
  'GET /v1/events': ({ world, params }) => {
    const type = params.text('type');
    const types = params.texts('types') ?? (type === undefined ? ['*'] : [type]);
    const oldest = world.now() - DAYS_30;
    return page(
      '/v1/events',
      world.events,
      params,
      (event) => event.created >= oldest && types.some((pattern) => fits(event.type, pattern)),
    );
  },
  'GET /v1/events/:id': ({ world, path }) => {
    const event = world.events.get(path('id'));
    if (event === undefined || event.created < world.now() - DAYS_30) throw missing('event', path('id'));
    return event;
  },
  'GET /v2/core/events/:id': ({ world, path }) => {
    const event = world.thinEvents.get(path('id'));
    if (event === undefined) throw missing('event', path('id'));
    return event;
  },
};
