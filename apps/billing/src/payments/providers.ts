import { Inject, Injectable, Optional } from '@nestjs/common';
import { Problem } from '#platform/http/problem';
import { PAYMENT_PROVIDERS, type PaymentProvider } from './provider.ts';

/** The configured payment providers, by name. */
@Injectable()
export class Providers {
  readonly #byName: ReadonlyMap<string, PaymentProvider>;

  constructor(@Optional() @Inject(PAYMENT_PROVIDERS) providers: readonly PaymentProvider[] | undefined) {
    this.#byName = new Map((providers ?? []).map((provider) => [provider.name, provider]));
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** @throws Problem 503 PAYMENT_PROVIDER_NOT_CONFIGURED */
  get(name: string): PaymentProvider {
    const provider = this.#byName.get(name);
    if (provider !== undefined) return provider;
    throw new Problem(503, 'PAYMENT_PROVIDER_NOT_CONFIGURED', `The payment provider ${name} is not configured.`, {
      provider: name,
    });
  }

  /** Calls a provider. @throws Problem 502 PAYMENT_PROVIDER_UNAVAILABLE if that fails */
  async call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const problem = new Problem(
        502,
        'PAYMENT_PROVIDER_UNAVAILABLE',
        'The payment provider did not answer. The same call can be sent again.',
      );
      problem.cause = cause;
      throw problem;
    }
  }
}
