import type { MailSender } from '#platform/mail/render-mail';
import type { BankAccount } from './mails/bank.ts';

/** What mails show of the merchant. */
export interface MerchantOfMails {
  readonly sender: MailSender;
  readonly account: BankAccount;
}

export abstract class Merchant {
  abstract present(): Promise<MerchantOfMails>;
}
