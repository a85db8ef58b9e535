import type { Feature } from '#platform/feature';
import { BindingController } from './binding.controller.ts';
import { Identities } from './identities.ts';

export const bindingsFeature: Feature = {
  controllers: [BindingController],
  providers: [Identities],
};
