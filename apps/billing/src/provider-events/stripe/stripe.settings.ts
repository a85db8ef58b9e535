import { Matches } from 'class-validator';
import { SecretList } from '#platform/config/kinds';
import { Setting } from '#platform/config/setting';

/** Our account at Stripe, and the secrets of its webhooks. */
export class StripeSettings {
  /** Decides whether events of test data or of live data are ours. */
  @Setting('KEYLEDGER_STRIPE_API_KEY', { secret: true })
  @Matches(/^[rs]k_(test|live)_\w+$/, {
    message: 'give a secret or restricted key, which begins with sk_test_, sk_live_, rk_test_ or rk_live_',
  })
  readonly api_key?: string;

  /** Secrets of webhook endpoints and event destinations at Stripe. Each of them opens the door. */
  @Setting('KEYLEDGER_STRIPE_WEBHOOK_SECRETS', { secret: true })
  @SecretList()
  readonly webhook_secrets: readonly string[] = [];

  /** Our account: events that name another one have no effect. */
  @Setting('KEYLEDGER_STRIPE_ACCOUNT')
  @Matches(/^acct_\w+$/, { message: 'give the id of an account, which begins with acct_' })
  readonly account?: string;

  /** undefined = not known, without an API key. */
  get livemode(): boolean | undefined {
    return this.api_key === undefined ? undefined : /^[rs]k_live_/.test(this.api_key);
  }
}
