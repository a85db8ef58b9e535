import { catalogue } from '#domain/catalogue';
import { runService } from '#platform/run-service';
import { LicensingModule } from './licensing.module.ts';

await runService({ name: 'licensing', modules: [LicensingModule], contracts: catalogue });
