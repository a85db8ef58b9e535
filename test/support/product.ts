export { contracts, services } from '../../apps/keyledger/src/services.ts';
