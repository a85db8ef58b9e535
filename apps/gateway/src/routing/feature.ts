import type { Feature } from '#platform/feature';
import { Routing } from './routing.ts';

export const routingFeature: Feature = {
  providers: [Routing],
};
