import type { Feature } from '#platform/feature';
import { GrantController } from './grant.controller.ts';
import { Grants } from './grants.ts';

/** Subscriptions that are given, not sold. */
export const grantsFeature: Feature = { controllers: [GrantController], providers: [Grants] };
