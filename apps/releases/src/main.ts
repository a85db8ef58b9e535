import { catalogue } from '#domain/catalogue';
import { runService } from '#platform/run-service';
import { ReleasesModule } from './releases.module.ts';

await runService({ name: 'releases', modules: [ReleasesModule], contracts: catalogue });
