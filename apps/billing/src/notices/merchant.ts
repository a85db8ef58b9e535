import { Injectable } from '@nestjs/common';
import type { Seller } from '#domain/billing/customer/party';
import type { MailSender } from '#platform/mail/render-mail';
import { isProblem } from '#platform/http/problem';
import { Organization } from '../organization/organization.ts';
import { type BankAccount, NO_ACCOUNT } from './mails/bank.ts';

/** What mails show of the merchant. */
export interface MerchantOfMails {
  readonly sender: MailSender;
  readonly account: BankAccount;
  /** Language of customers that have none, BCP 47. */
  readonly locale: string;
}

/** The merchant as it is now, for mails. */
@Injectable()
export class Merchant {
  constructor(private readonly organization: Organization) {}

  async present(): Promise<MerchantOfMails> {
    const seller = await this.#seller();
    const { locale } = await this.organization.settings();
    return { ...(seller === undefined ? { sender: {}, account: NO_ACCOUNT } : merchantOf(seller)), locale };
  }

  /** undefined until the organization is set: mails show no sender then. */
  async #seller(): Promise<Seller | undefined> {
    try {
      return await this.organization.seller();
    } catch (error) {
      if (isProblem(error) && error.code === 'ORGANIZATION_REQUIRED') return undefined;
      throw error;
    }
  }
}

/** The address of the merchant is its footer, unless it has set one. */
const merchantOf = ({ legal_name, address, footer, bank }: Seller): Omit<MerchantOfMails, 'locale'> => {
  const { line1, line2, postal_code, city, country } = address;
  const place = [postal_code, city].filter((part) => part !== null).join(' ');
  const lines = [line1, line2, place, country].filter((line) => line !== null && line !== '');
  return {
    sender: { name: legal_name, footer: footer ?? lines.join(', ') },
    account:
      bank === null ? NO_ACCOUNT : { iban: inGroups(bank.iban), bic: bank.bic, account_name: bank.name ?? legal_name },
  };
};

/** An IBAN as people read it: `DE89 3704 0044 0532 0130 00`. */
const inGroups = (iban: string): string => iban.replace(/\s/g, '').replace(/(.{4})(?=.)/g, '$1 ');
