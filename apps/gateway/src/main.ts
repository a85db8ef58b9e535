import { catalogue } from '#domain/catalogue';
import { runService } from '#platform/run-service';
import { BootstrapKey } from './authentication/bootstrap-key.ts';
import { GatewayModule } from './gateway.module.ts';

const { nest } = await runService({ name: 'gateway', modules: [GatewayModule], contracts: catalogue });
const first = await nest.get(BootstrapKey).ensure();
// Not through the log: it is for whoever starts the first gateway, and is shown once.
if (first?.origin === 'generated') console.log(`Admin API key, shown this once: ${first.key}`);
