import { Inject, Injectable } from '@nestjs/common';
import type { EventMetadata } from '#events/event';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { Payments } from './payments.ts';
import { Providers } from './providers.ts';

/** Asks providers for payments that they have been silent about, for example because a crash lost their answer. */
@Injectable()
export class AskProviders extends BackgroundWork {
  readonly name = 'ask-providers';
  override readonly follows = 'real';
  override readonly everyMs = 10_000;
  override readonly atOnce = 50;
  /** What a provider answers may be the same as before: then it is asked again after this pause. */
  readonly #askedAgainMs = 600_000;
  readonly #asked = new Map<string, number>();

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly payments: Payments,
    private readonly providers: Providers,
  ) {
    super();
  }

  async due({ except, limit }: DueQuery): Promise<readonly Due[]> {
    for (const [id, at] of this.#asked) if (at + this.#askedAgainMs < performance.now()) this.#asked.delete(id);
    const { rows } = await this.database.pool.query<Due>({
      name: 'silent_payments',
      text: `select id, ask_at as due_at from payments
        where ask_at < now() and provider = any($1) and id <> all($2) order by ask_at limit $3`,
      values: [this.providers.names, [...except, ...this.#asked.keys()], limit],
    });
    return rows;
  }

  async attend(id: string): Promise<void> {
    const metadata: EventMetadata = { actor: { type: 'system', id: 'scheduler' }, correlation_id: id };
    await this.payments.ask(id, metadata);
    this.#asked.set(id, performance.now());
  }
}
