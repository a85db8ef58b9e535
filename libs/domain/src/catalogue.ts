import { apiKeyContracts } from './api-key/api-key.contracts.ts';
import { licenseContracts } from './license/license.contracts.ts';
import { planContracts } from './plan/plan.contracts.ts';
import { productContracts } from './product/product.contracts.ts';

/** The contracts of every event that any service publishes. */
export const catalogue = [...productContracts, ...planContracts, ...licenseContracts, ...apiKeyContracts];

/** Those of licensing. */
export const licensingContracts = [...productContracts, ...planContracts, ...licenseContracts];
