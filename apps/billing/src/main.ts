import { catalogue } from '#domain/catalogue';
import { runService } from '#platform/run-service';
import { BillingModule } from './billing.module.ts';

await runService({ name: 'billing', modules: [BillingModule], contracts: catalogue });
