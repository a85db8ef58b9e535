import { Controller } from '@nestjs/common';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { Licenses } from '../licenses/licenses.ts';
import { readBindings, removeBinding } from './binding.endpoints.ts';

@Controller()
export class BindingController {
  constructor(private readonly licenses: Licenses) {}

  @Endpoint(readBindings)
  async read({ params, principal }: Call<typeof readBindings>): Promise<unknown> {
    const { fingerprint, identity } = (await this.licenses.find(params.id, principal)).bindings;
    return {
      fingerprint: fingerprint && { identifier_hash: fingerprint.hash, bound_at: fingerprint.bound_at },
      identity: identity && { bound_at: identity.bound_at },
    };
  }

  @Endpoint(removeBinding)
  async remove(call: Call<typeof removeBinding>): Promise<Answer> {
    const { id, binding } = call.params;
    const { reason = null } = call.query;
    await this.licenses.find(id, call.principal);
    await this.licenses.handle(id, () => ({ type: 'Unbind', binding, reason }), {
      metadata: call.metadata(),
      expectedVersion: call.if_match,
    });
    return new Answer(204, null);
  }
}
