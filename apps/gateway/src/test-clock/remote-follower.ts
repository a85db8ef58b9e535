import type { InternalTokens } from '#platform/auth/internal-token';
import type { CatchUp, ClockFollower } from '#platform/clock/catch-up';
import { INTERNAL_TEST_CLOCK } from '#platform/clock/test-clock.routes';
import { Problem } from '#platform/http/problem';
import { GATEWAY } from '../routing/gateway-principal.ts';
import { type Question, type ServiceClient, UnexpectedStatusError } from '../routing/service-client.ts';

/** Follower of a service that runs in another process. */
export class RemoteFollower implements ClockFollower {
  readonly service: string;

  constructor(
    private readonly client: ServiceClient,
    private readonly tokens: InternalTokens,
  ) {
    this.service = client.name;
  }

  async kept(): Promise<Date | undefined> {
    const { now } = await this.#ask<{ readonly now: string | null }>();
    return now === null ? undefined : new Date(now);
  }

  catchUp(to: Date): Promise<CatchUp> {
    return this.#ask<CatchUp>({ method: 'POST', json: { to: to.toISOString() } });
  }

  async #ask<Answer>(question: Omit<Question, 'path'> = {}): Promise<Answer> {
    const path = `${INTERNAL_TEST_CLOCK}/${this.service}`;
    try {
      return await this.client.ask<Answer>(this.tokens, GATEWAY, { ...question, path });
    } catch (error) {
      if (!(error instanceof UnexpectedStatusError) || error.status !== 404) throw error;
      const remedy = `Start the ${this.service} service with KEYLEDGER_TEST_CLOCK=on, too.`;
      throw new Problem(503, 'TEST_CLOCK_BEHIND', remedy);
    }
  }
}
