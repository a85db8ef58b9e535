import { defineService } from '#platform/define-service';
import { Initial1790000000000 } from './initial.migration.ts';
import { productsFeature } from './products/feature.ts';

/** Keeps the products that licensing publishes. Releases, artifacts and update feeds will follow. */
export const releasesService = defineService({
  name: 'releases',
  initial: Initial1790000000000,
  features: [productsFeature],
  scopes: ['releases:write'],
  announces: ['release.created', 'release.published', 'release.yanked', 'release.unyanked'],
});
