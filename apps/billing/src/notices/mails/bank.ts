import { facts, paragraph } from '#platform/mail/template';

/** Where a bank transfer goes; null = the invoice is not paid by bank transfer, or the merchant has given no account. */
export type BankAccount = {
  readonly iban: string | null;
  readonly bic: string | null;
  readonly account_name: string | null;
};

export const NO_ACCOUNT: BankAccount = { iban: null, bic: null, account_name: null };

export const ACCOUNT_SAMPLE: BankAccount = {
  iban: 'DE89 3704 0044 0532 0130 00',
  bic: 'COBADEFFXXX',
  account_name: 'Acme GmbH',
};

/** The account, with the invoice's number as the reference of the transfer. */
export const TRANSFER = {
  en: [
    paragraph('{% if iban %}Please transfer the amount to this account:{% endif %}'),
    facts({
      Recipient: '{% if iban %}{{ account_name }}{% endif %}',
      IBAN: '{{ iban }}',
      BIC: '{% if iban %}{{ bic }}{% endif %}',
      Reference: '{% if iban %}{{ number }}{% endif %}',
    }),
  ],
  de: [
    paragraph('{% if iban %}Bitte überweisen Sie den Betrag auf dieses Konto:{% endif %}'),
    facts({
      Empfänger: '{% if iban %}{{ account_name }}{% endif %}',
      IBAN: '{{ iban }}',
      BIC: '{% if iban %}{{ bic }}{% endif %}',
      Verwendungszweck: '{% if iban %}{{ number }}{% endif %}',
    }),
  ],
} as const;
