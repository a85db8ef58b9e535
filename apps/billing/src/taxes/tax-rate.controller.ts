import { Controller, Inject } from '@nestjs/common';
import { setTaxRates as decide, TAX_RATES, taxRatesStream } from '#domain/billing/tax/tax-rates';
import type { EventStore } from '#events/store';
import { systemWide } from '#platform/auth/principal';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { EVENT_STORE } from '#platform/service';
import { readTaxRates, setTaxRates } from './tax-rate.endpoints.ts';

@Controller()
export class TaxRateController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Endpoint(readTaxRates)
  async read(call: Call<typeof readTaxRates>): Promise<Answer> {
    systemWide(call.principal);
    return new Answer(200, (await this.store.load(taxRatesStream, TAX_RATES)).state);
  }

  @Endpoint(setTaxRates)
  async set(call: Call<typeof setTaxRates>): Promise<Answer> {
    systemWide(call.principal);
    const rates = call.body.map(({ region = null, ...rate }) => ({ ...rate, region }));
    const { state } = await this.store.handle(taxRatesStream, TAX_RATES, (present) => decide(rates, present), {
      metadata: call.metadata(),
    });
    return new Answer(200, state);
  }
}
