import { apiKeyContracts } from './api-key/api-key.contracts.ts';

/** The contracts of every event that any service publishes. */
export const catalogue = [...apiKeyContracts] as const;
