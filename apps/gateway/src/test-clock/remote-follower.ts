import { type InternalTokens, TOKEN_HEADER } from '#platform/auth/internal-token';
import type { CatchUp, ClockFollower } from '#platform/clock/catch-up';
import { INTERNAL_TEST_CLOCK } from '#platform/clock/test-clock.routes';
import { Problem } from '#platform/http/problem';
import { GATEWAY } from '../routing/gateway-principal.ts';
import type { ServiceClient } from '../routing/service-client.ts';

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
    const { now } = await this.#ask<{ readonly now: string | null }>({ method: 'GET' });
    return now === null ? undefined : new Date(now);
  }

  catchUp(to: Date): Promise<CatchUp> {
    return this.#ask<CatchUp>({ method: 'POST', body: JSON.stringify({ to: to.toISOString() }) });
  }

  async #ask<Answer>(request: { readonly method: 'GET' } | { readonly method: 'POST'; readonly body: string }) {
    const { statusCode, body } = await this.client.request({
      ...request,
      path: `${INTERNAL_TEST_CLOCK}/${this.service}`,
      headers: {
        [TOKEN_HEADER]: await this.tokens.issue(GATEWAY),
        ...(request.method === 'POST' ? { 'content-type': 'application/json' } : {}),
      },
    });
    if (statusCode === 200) return (await body.json()) as Answer;
    await body.dump();
    throw statusCode === 404
      ? new Problem(503, 'TEST_CLOCK_BEHIND', `Start the ${this.service} service with KEYLEDGER_TEST_CLOCK=on, too.`)
      : new Error(`${this.service} answered ${statusCode} when its test clock was moved`);
  }
}
