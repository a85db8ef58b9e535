import { catalogue } from '#domain/catalogue';
import { runService } from '#platform/run-service';
import { WebhooksModule } from './webhooks.module.ts';

await runService({ name: 'webhooks', modules: [WebhooksModule], contracts: catalogue });
