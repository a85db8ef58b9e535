import { Inject, Injectable } from '@nestjs/common';
import { limitOf } from '#domain/licensing/license/license.limits';
import { refuse } from '#domain/licensing/license/license.errors';
import type { LicenseState } from '#domain/licensing/license/license';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { Answer, type Call } from '#platform/http/endpoint';
import { type Licensed, Licenses } from '../licenses/licenses.ts';
import { actorOf } from '../identification/identification.ts';
import type { Found } from '../identification/license-lookup.ts';

/** Deactivation by the holder, within the limits of the plan. */
@Injectable()
export class GivingUp {
  constructor(
    private readonly licenses: Licenses,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @param hashOf identifier hash of the activation to remove
   * @throws Refusal ACTIVATION_NOT_FOUND, DEACTIVATION_LIMIT_REACHED, LICENSE_REVOKED
   */
  async handle(
    { id, license, plan }: Found,
    call: Pick<Call, 'command' | 'principal'>,
    hashOf: (state: LicenseState) => string,
  ): Promise<Answer> {
    const answer = ({ state, events }: Licensed): Answer => {
      const removed = events.find(({ event }) => event.type === 'activation.removed')?.event;
      return new Answer(200, {
        activation_id: removed?.type === 'activation.removed' ? removed.activation_id : refuse('ACTIVATION_NOT_FOUND'),
        license_id: id,
        activations: state.status === 'none' ? 0 : state.activations.size,
        max_activations: limitOf(plan.state.max_activations, license.state),
      });
    };
    const now = this.clock.now().toISOString();
    return answer(
      await this.licenses.handle(
        id,
        (terms, state) => ({
          type: 'Deactivate',
          plan: terms,
          identifier_hash: hashOf(state),
          reason: 'client',
          now,
        }),
        call.command(answer, actorOf(call.principal, id)),
      ),
    );
  }
}

/** @throws Refusal ACTIVATION_NOT_FOUND */
export const hashOfActivation = (state: LicenseState, activationId: string): string => {
  if (state.status !== 'none')
    for (const [hash, { activation_id }] of state.activations) if (activation_id === activationId) return hash;
  return refuse('ACTIVATION_NOT_FOUND');
};
