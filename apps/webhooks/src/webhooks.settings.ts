import { MailAddress, Networks, WebAddress, WholeNumber } from '#platform/config/kinds';
import { Setting } from '#platform/config/setting';

export class WebhooksSettings {
  /** Private networks that webhooks may reach. */
  @Setting('KEYLEDGER_WEBHOOK_ALLOW_CIDRS')
  @Networks()
  readonly allow_cidrs: readonly string[] = [];

  /** The HTTP proxy that webhooks go through; undefined = straight to their endpoints. */
  @Setting('KEYLEDGER_WEBHOOK_PROXY', { secret: true })
  @WebAddress('give an address such as http://user:password@proxy.example.com:3128, or leave it out')
  readonly proxy?: string;

  /** Days for which events, deliveries and attempts are kept. */
  @Setting('KEYLEDGER_WEBHOOK_RETENTION_DAYS')
  @WholeNumber(1, 3_650)
  readonly retention_days: number = 30;

  /** Operator's e-mail for alerts; undefined = none. */
  @Setting('KEYLEDGER_OPERATOR_EMAIL')
  @MailAddress()
  readonly operator_email?: string;
}
