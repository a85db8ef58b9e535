import { paragraph } from '#platform/mail/template';

/** What every mail to a customer has. */
export type ToCustomer = {
  /** The customer's name; null = unknown. */
  readonly name: string | null;
};

/** What every mail about a subscription has. */
export type OnSubscription = ToCustomer & {
  readonly product: string;
  readonly plan: string;
};

export const HELLO = {
  en: paragraph('Hello{% if name %} {{ name }}{% endif %},'),
  de: paragraph('Guten Tag{% if name %} {{ name }}{% endif %},'),
} as const;

export const SAMPLE = { name: 'Ada Lovelace', product: 'Studio', plan: 'Pro' } as const;
