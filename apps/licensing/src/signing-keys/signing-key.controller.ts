import { Controller, Inject } from '@nestjs/common';
import {
  decideSigningKey,
  type SigningKey,
  SIGNING_KEYS,
  type SigningKeyEvent,
  type SigningKeySet,
  signingKeyStream,
  statusOf,
  supersededAt,
} from '#domain/licensing/signing-key/signing-key';
import type { EventStore, Outcome } from '#events/store';
import type { Principal } from '#platform/auth/principal';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { Problem } from '#platform/http/problem';
import { EVENT_STORE } from '#platform/service';
import { listSigningKeys, rotateSigningKey } from './signing-key.endpoints.ts';
import { SigningKeySecrets } from './signing-key.secrets.ts';

@Controller()
export class SigningKeyController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly secrets: SigningKeySecrets,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Endpoint(listSigningKeys)
  async list(_call: Call<typeof listSigningKeys>): Promise<unknown> {
    const { state } = await this.store.load(signingKeyStream, SIGNING_KEYS);
    const now = this.clock.now().toISOString();
    return { data: state.keys.map((key) => view(key, state, now)), next_cursor: null };
  }

  @Endpoint(rotateSigningKey)
  async rotate(call: Call<typeof rotateSigningKey>): Promise<Answer> {
    assertUnbound(call.principal);
    const { compromised = false } = call.body;
    const now = this.clock.now().toISOString();
    const { state } = await this.store.load(signingKeyStream, SIGNING_KEYS);
    const made = await this.secrets.make(state.keys.map(({ kid }) => kid));
    const answer = ({ state: after }: Outcome<SigningKeySet, SigningKeyEvent>): Answer =>
      new Answer(201, after.keys.filter(({ kid }) => kid === made.kid).map((key) => view(key, after, now))[0]);
    const outcome = await this.store.handle(
      signingKeyStream,
      SIGNING_KEYS,
      (present) => decideSigningKey({ type: 'RotateSigningKey', ...made, compromised, now }, present),
      call.command(answer),
    );
    if (compromised) await this.secrets.wipe(state.keys.map(({ kid }) => kid));
    return answer(outcome);
  }
}

/** A key bound to one product must not rotate keys that sign for every product. */
const assertUnbound = ({ product_id }: Principal): void => {
  if (product_id !== null) throw new Problem(403, 'FORBIDDEN', 'A key that is bound to a product rotates no keys.');
};

const view = (key: SigningKey, set: SigningKeySet, now: string) => ({
  ...key,
  status: statusOf(key, set, now),
  superseded_at: supersededAt(key, set) ?? null,
});
