import { Controller } from '@nestjs/common';
import { limitOf } from '#domain/licensing/license/license.limits';
import { type Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { Identification } from '../identification/identification.ts';
import { ValidationLog } from '../verification/validation-log.ts';
import { ActivationList } from './activation.list.ts';
import { GivingUp, hashOfActivation } from './giving-up.ts';
import { listOwnActivations, removeOwnActivation } from './own-activation.endpoints.ts';

/** Routes for customers in the app: show where a license is active, and free a slot remotely. */
@Controller()
export class OwnActivationController {
  constructor(
    private readonly identification: Identification,
    private readonly activations: ActivationList,
    private readonly givingUp: GivingUp,
    private readonly log: ValidationLog,
  ) {}

  @Endpoint(listOwnActivations)
  async list(call: Call<typeof listOwnActivations>): Promise<unknown> {
    const { id: license_id, license, plan } = await this.identification.byKey(call.body.license_key, call);
    await this.log.flush();
    const all = await this.activations.ofLicense(license_id, license.state);
    return {
      license_id,
      max_activations: limitOf(plan.state.max_activations, license.state),
      data: all.map(({ license_id: _license, product_id: _product, ip: _ip, ...own }) => own),
    };
  }

  @Endpoint(removeOwnActivation)
  async remove(call: Call<typeof removeOwnActivation>): Promise<Answer> {
    const { license_key, activation_id } = call.body;
    const found = await this.identification.byKey(license_key, call);
    return this.givingUp.handle(found, call, (state) => hashOfActivation(state, activation_id));
  }
}
