import { Controller } from '@nestjs/common';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { receiveStripeEvent } from './hook.endpoints.ts';
import { Reception } from './reception.ts';

/** Where payment providers send their events. */
@Controller()
export class HookController {
  constructor(private readonly reception: Reception) {}

  @Endpoint(receiveStripeEvent)
  async stripe(call: Call<typeof receiveStripeEvent>): Promise<void> {
    await this.reception.take('stripe', call);
  }
}
