import { taxRatesStream } from '#domain/billing/tax/tax-rates';
import type { Feature } from '#platform/feature';
import { TAX_ID_CHECK } from './tax-id-check.ts';
import { TaxRateController } from './tax-rate.controller.ts';
import { Taxation } from './taxation.ts';

/** Tax rates, and how a sale is taxed. */
export const taxesFeature: Feature = {
  streams: [taxRatesStream],
  controllers: [TaxRateController],
  providers: [Taxation, { provide: TAX_ID_CHECK, useValue: null }],
};
