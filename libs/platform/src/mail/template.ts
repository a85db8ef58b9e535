import type { InLocale, MailLanguage } from './language.ts';

/** A value that a template shows; a function is called with the reader's locale (`onDay`). null = nothing to show. */
export type MailValue = string | number | boolean | null | InLocale;

export type MailValues<Values> = { readonly [Name in keyof Values]: MailValue };

/**
 * A mail in all its languages. Every text of it is a Liquid template of the values. `renderMail` makes the mail's text and its
 * HTML from the same blocks, so that both have the same content.
 */
export interface MailTemplate<Values extends MailValues<Values>> extends Readonly<Record<MailLanguage, MailContent>> {
  /** Unique in its service; part of the preview's path. */
  readonly name: string;
  /** When it is sent, for the list of templates. */
  readonly description: string;
  /** Values for the preview, with the optional ones present. */
  readonly sample: Values;
}

/** A template as lists and previews have it, whatever its values. */
export type AnyMailTemplate = MailTemplate<Record<string, MailValue>>;

export interface MailContent {
  readonly subject: string;
  readonly blocks: readonly MailBlock[];
}

export type MailBlock =
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'facts'; readonly rows: readonly (readonly [label: string, value: string])[] }
  | { readonly kind: 'code'; readonly label: string; readonly value: string }
  | { readonly kind: 'link'; readonly label: string; readonly url: string }
  | { readonly kind: 'steps'; readonly items: readonly string[] };

/** A paragraph. Like every block, it is left out if it renders to nothing: `{% if name %}…{% endif %}`. */
export const paragraph = (text: string): MailBlock => ({ kind: 'paragraph', text });

/** A table of labels and values. A row without a value is left out. */
export const facts = (rows: Readonly<Record<string, string>>): MailBlock => ({
  kind: 'facts',
  rows: Object.entries(rows),
});

/** Something to copy: a license key, the code of an invitation. */
export const code = (label: string, value: string): MailBlock => ({ kind: 'code', label, value });

/** A button in HTML, an address in text. Only http and https addresses are shown. */
export const link = (label: string, url: string): MailBlock => ({ kind: 'link', label, url });

/** A numbered list. */
export const steps = (...items: readonly string[]): MailBlock => ({ kind: 'steps', items });

/** Keeps the type of a template's values. */
export const defineMail = <Values extends MailValues<Values>>(template: MailTemplate<Values>): MailTemplate<Values> =>
  template;
