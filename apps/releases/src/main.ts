import { catalogue } from '#domain/catalogue';
import { runService } from '#platform';
import { ReleasesModule } from './releases.module.ts';

await runService({ name: 'releases', modules: [ReleasesModule], contracts: catalogue });
