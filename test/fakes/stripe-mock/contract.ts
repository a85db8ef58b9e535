import { type Exception, EXCEPTIONS, type Sent } from './exceptions.ts';

/** A request that was answered; those that were refused there are not checked here. */
export interface Answered extends Sent {
  readonly status: number;
}

/** Checks requests against stripe-mock, which knows every route, parameter and value of Stripe's API. */
export class Contract {
  /** How often each exception was made. */
  readonly used = new Map<Exception, number>();

  constructor(private readonly url: string) {}

  /** @returns why stripe-mock refuses the request, or undefined if it accepts it */
  async refuses({ method, target, body }: Sent): Promise<string | undefined> {
    const response = await fetch(`${this.url}${target}`, {
      method,
      headers: { authorization: 'Bearer sk_test_contract', 'content-type': 'application/x-www-form-urlencoded' },
      ...(method === 'GET' || body === '' ? {} : { body }),
    });
    const text = await response.text();
    if (response.ok) return undefined;
    const { error } = JSON.parse(text) as { error?: { message?: string } };
    return `${method} ${target} ${body}: ${error?.message ?? text}`;
  }

  /** Fails on a request that Stripe would not understand, beside the written exceptions. */
  async check(request: Answered): Promise<void> {
    // A refusal of the fake is a test of refusals.
    if (request.status === 400 || request.status === 401 || request.status === 404) return;
    const sent = this.#withoutExceptions(request);
    const refused = sent && (await this.refuses(sent));
    if (refused !== undefined) throw new Error(`stripe-mock refuses ${refused}`);
  }

  async checkAll(requests: readonly Answered[]): Promise<void> {
    for (const request of requests) await this.check(request);
  }

  /** The request without what an exception reaches; undefined if that is all of it. */
  #withoutExceptions({ method, target, body }: Sent): Sent | undefined {
    const [path = ''] = target.split('?');
    let form = new URLSearchParams(body);
    for (const exception of EXCEPTIONS) {
      if ((exception.method !== '' && exception.method !== method) || !exception.path.test(path)) continue;
      const { param } = exception;
      const kept = param && new URLSearchParams([...form].filter(([name]) => !param.test(name)));
      if (kept?.size === form.size) continue;
      this.used.set(exception, (this.used.get(exception) ?? 0) + 1);
      if (kept === undefined) return undefined;
      form = kept;
    }
    return { method, target, body: form.toString() };
  }
}
