import { Controller, Inject } from '@nestjs/common';
import { decideLicense } from '#domain/licensing/license/license.commands';
import { refuse } from '#domain/licensing/license/license.errors';
import { licenseStream } from '#domain/licensing/license/license';
import type { EventStore } from '#events/store';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { etag } from '#platform/http/preconditions';
import { EVENT_STORE } from '#platform/service';
import { viewState } from '../licenses/license.view.ts';
import { type Licensed, Licenses } from '../licenses/licenses.ts';
import { rotateKey } from './license-key.endpoints.ts';
import { LicenseKeys } from './license-keys.ts';

@Controller()
export class LicenseKeyController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly licenses: Licenses,
    private readonly keys: LicenseKeys,
  ) {}

  @Endpoint(rotateKey)
  async rotate(call: Call<typeof rotateKey>): Promise<Answer> {
    const { id } = call.params;
    const { reason = null } = call.body;
    const { product_id } = await this.licenses.find(id, call.principal);
    const { text, hash, sealed } = this.keys.create(id, await this.licenses.product(product_id));
    const answer = ({ state, version }: Licensed): Answer =>
      state.status === 'none'
        ? refuse('LICENSE_NOT_FOUND')
        : new Answer(200, { ...viewState(id, state), license_key: text }, { etag: etag(version) });
    const outcome = await this.store.handle(
      licenseStream,
      id,
      (state) => decideLicense({ type: 'RotateKey', key_hash: hash, key_sealed: sealed, reason }, state),
      call.command(answer),
    );
    return answer(outcome);
  }
}
