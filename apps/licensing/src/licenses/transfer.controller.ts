import { Controller, Inject } from '@nestjs/common';
import { refuse } from '#domain/licensing/license/license.errors';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { etag } from '#platform/http/preconditions';
import { Issuing } from './issuing.ts';
import { viewState } from './license.view.ts';
import { type Licensed, Licenses } from './licenses.ts';
import { transferLicense } from './transfer.endpoints.ts';
import { trialUsed } from './trial.projection.ts';

@Controller()
export class TransferController {
  constructor(
    private readonly licenses: Licenses,
    private readonly issuing: Issuing,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Endpoint(transferLicense)
  async transfer(call: Call<typeof transferLicense>): Promise<Answer> {
    const { id } = call.params;
    await this.licenses.find(id, call.principal);
    const { email, name, org_name, external_customer_id, external_workspace_id } = call.body;
    const { release_activations = false, reason = null } = call.body;
    const command = {
      type: 'TransferLicense',
      customer_id: this.issuing.customer(email),
      email,
      name,
      org_name,
      external_customer_id,
      external_workspace_id,
      release_activations,
      reason,
      now: this.clock.now().toISOString(),
    } as const;
    const answer = ({ state, version }: Licensed): Answer =>
      state.status === 'none'
        ? refuse('LICENSE_NOT_FOUND')
        : new Answer(200, viewState(id, state), { etag: etag(version) });
    return answer(await this.licenses.handle(id, () => command, call.command(answer)).catch(trialUsed));
  }
}
