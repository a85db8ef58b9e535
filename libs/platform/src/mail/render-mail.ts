import { Liquid, type Template } from 'liquidjs';
import { mailLocale } from './language.ts';
import { HTML_LAYOUT, TEXT_LAYOUT } from './layout.ts';
import { type Mail, oneLine } from './mail.ts';
import type { MailBlock, MailContent, MailTemplate, MailValue, MailValues } from './template.ts';

/** The sender that a mail shows: the merchant. Undefined parts are left out. */
export interface MailSender {
  readonly name?: string | null | undefined;
  /** Below every mail, e.g. the company's address; line breaks are kept. */
  readonly footer?: string | null | undefined;
}

export interface RenderOptions {
  /** BCP 47; null = English. */
  readonly locale?: string | null | undefined;
  readonly sender?: MailSender | undefined;
}

export type RenderedMail = Pick<Mail, 'subject' | 'text' | 'html'>;

/** `templates` keeps all look-ups in memory: no tag can read a file. */
const SAFE = {
  templates: {},
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  // An empty text is false in a condition, as in JavaScript.
  jsTruthy: true,
} as const;
const plain = new Liquid(SAFE);
const escaping = new Liquid({ ...SAFE, outputEscape: 'escape' });

/** Maximum length of a value, in characters: that of a web address. */
const MAX_VALUE = 2_048;

/**
 * Renders a mail in the reader's language. Values are inserted once and never parsed as a template or as HTML, whatever they
 * contain.
 * @throws when a template names a value that does not exist
 */
export const renderMail = <Values extends MailValues<Values>>(
  template: MailTemplate<Values>,
  values: Values,
  { locale, sender = {} }: RenderOptions = {},
): RenderedMail => {
  const { language, format } = mailLocale(locale);
  const content = template[language];
  const given = Object.entries<MailValue>(values).map(([name, value]) => [name, shown(value, format)] as const);
  const { subject, blocks } = filled(content, Object.fromEntries(given));
  const page = {
    language,
    subject,
    blocks,
    sender_name: oneLine(sender.name ?? ''),
    sender_footer: linesOf(sender.footer ?? ''),
    newline: '\n',
  };
  return { subject, text: run(plain, TEXT_LAYOUT, page), html: run(escaping, HTML_LAYOUT, page) };
};

const shown = (value: MailValue, locale: string): string | number | boolean | null => {
  const plain = typeof value === 'function' ? value(locale) : value;
  return typeof plain === 'string' ? oneLine(plain, MAX_VALUE) : plain;
};

type Scope = Readonly<Record<string, string | number | boolean | null>>;

/** The texts of a content with the values inserted, without the blocks that have nothing to show. */
const filled = (content: MailContent, scope: Scope) => {
  const fill = (text: string): string => (text.includes('{') ? run(plain, text, scope).trim() : text);
  return {
    subject: oneLine(fill(content.subject)),
    blocks: content.blocks.flatMap((block) => filledBlock(block, fill)),
  };
};

const filledBlock = (block: MailBlock, fill: (text: string) => string): readonly object[] => {
  const { kind } = block;
  switch (kind) {
    case 'paragraph': {
      const lines = linesOf(fill(block.text));
      return lines.length === 0 ? [] : [{ kind, lines }];
    }
    case 'facts': {
      const rows = block.rows.map(([label, value]) => ({ label: fill(label), value: fill(value) }));
      const known = rows.filter(({ value }) => value !== '');
      return known.length === 0 ? [] : [{ kind, rows: known }];
    }
    case 'code': {
      const value = fill(block.value);
      return value === '' ? [] : [{ kind, label: fill(block.label), value }];
    }
    case 'link': {
      const url = fill(block.url);
      return /^https?:\/\//i.test(url) ? [{ kind, label: fill(block.label), url }] : [];
    }
    case 'steps': {
      const items = block.items.map(fill).filter((item) => item !== '');
      return items.length === 0 ? [] : [{ kind, items }];
    }
  }
};

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => oneLine(line, MAX_VALUE))
    .filter((line) => line !== '');

/** Parsed texts. They come from the program, so there is a fixed number of them. */
const parsed = new Map<string, Template[]>();

const run = (engine: Liquid, text: string, scope: object): string => {
  const key = engine === plain ? text : `html ${text}`;
  let template = parsed.get(key);
  if (template === undefined) {
    template = engine.parse(text);
    parsed.set(key, template);
  }
  return String(engine.renderSync(template, scope));
};
