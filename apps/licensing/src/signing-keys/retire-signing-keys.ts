import { Inject, Injectable } from '@nestjs/common';
import {
  decideSigningKey,
  type SigningKeyCommand,
  SIGNING_KEYS,
  signingKeyStream,
  signsNoMoreAt,
} from '#domain/licensing/signing-key/signing-key';
import type { EventStore } from '#events/store';
import { BackgroundWork, type Due, type DueQuery, type Turn } from '#platform/background/background-work';
import { EVENT_STORE } from '#platform/service';
import { type KeptSecret, SigningKeySecrets } from './signing-key.secrets.ts';

/** Deletes private keys that no longer sign, and retires keys when everything that they signed has expired. */
@Injectable()
export class RetireSigningKeys extends BackgroundWork {
  readonly name = 'retire-signing-keys';

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly secrets: SigningKeySecrets,
  ) {
    super();
  }

  async due({ now, except }: DueQuery): Promise<readonly Due[]> {
    const { state } = await this.store.load(signingKeyStream, SIGNING_KEYS);
    const over = state.keys.filter((key) => {
      const last = signsNoMoreAt(key, state);
      const signsNoMore = key.retired_at !== null || (last !== undefined && last <= now.toISOString());
      return signsNoMore && !except.includes(key.kid);
    });
    if (over.length === 0) return [];
    const secrets = await this.secrets.open(over.map(({ kid }) => kid));
    return over
      .map(({ kid }) => kid)
      .filter((kid) => {
        const secret = secrets.get(kid);
        return secret?.privateKey !== undefined || decideSigningKey(retire(kid, secret, now), state).length > 0;
      })
      .map((id) => ({ id }));
  }

  async attend(kid: string, { now }: Turn): Promise<void> {
    await this.secrets.wipe([kid]);
    const secrets = await this.secrets.open([kid]);
    await this.store.handle(
      signingKeyStream,
      SIGNING_KEYS,
      (state) => decideSigningKey(retire(kid, secrets.get(kid), now), state),
      { metadata: { actor: { type: 'system', id: 'scheduler' }, correlation_id: kid } },
    );
  }
}

const retire = (kid: string, secret: KeptSecret | undefined, now: Date): SigningKeyCommand => {
  const goodUntil = secret?.goodUntil ?? 0;
  return {
    type: 'RetireSigningKey',
    kid,
    good_until: goodUntil === Infinity ? null : goodUntil === 0 ? undefined : new Date(goodUntil).toISOString(),
    now: now.toISOString(),
  };
};
