import { billingMails } from '../../apps/billing/src/notices/mails/mails.ts';
import { licensingMails } from '../../apps/licensing/src/notices/mails.ts';
import { webhookDisabled } from '../../apps/webhooks/src/operations/webhook-disabled.mail.ts';
import { MAIL_LANGUAGES } from '#platform/mail/language';
import { renderMail } from '#platform/mail/render-mail';
import type { AnyMailTemplate, MailValue } from '#platform/mail/template';

const templates: readonly AnyMailTemplate[] = [...licensingMails, ...billingMails, webhookDisabled];
const cases = templates.flatMap((template) =>
  MAIL_LANGUAGES.map((language) => [template.name, language, template] as const),
);

/** The words of a text without its marks. */
const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}]+/gu) ?? [];
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', '#34': '"', '#39': "'" };
const textOf = (html: string): string =>
  html
    .replace(/<(head)[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&([\w#]+);/g, (_, entity: string) => ENTITIES[entity] ?? '?');

/** The values of a template with every text replaced. */
const withTexts = (template: AnyMailTemplate, text: string): Record<string, MailValue> =>
  Object.fromEntries(
    Object.entries(template.sample).map(([name, value]) => [
      name,
      typeof value === 'string' && !/^https?:/.test(value) ? text : value,
    ]),
  );

describe('every mail', () => {
  it.each(cases)('%s has the same content as text and as HTML (%s)', (_name, language, template) => {
    const { subject, text, html } = renderMail(template, template.sample, { locale: language });
    expect(subject.length).toBeGreaterThan(5);
    // Numbers of steps are marks of the list in HTML.
    const shown = text.replace(/^\d+\. /gm, '');
    expect(new Set(wordsOf(textOf(html)))).toEqual(new Set(wordsOf(shown)));
    expect(`${subject}${text}`).not.toMatch(/\{\{|\{%|undefined|null|\[object/);
  });

  it.each(cases)('%s shows texts of users as they are (%s)', (_name, language, template) => {
    const hostile = '<b>{{ 7 | times: 7 }}</b>{% assign x = 1 %}';
    const { text, html } = renderMail(template, withTexts(template, hostile), { locale: language });
    expect(text).toContain(hostile);
    expect(html).toContain('&lt;b&gt;{{ 7 | times: 7 }}&lt;/b&gt;{% assign x = 1 %}');
    expect(html).not.toContain('<b>');
  });

  it.each(cases)('%s loads nothing and runs nothing (%s)', (_name, language, template) => {
    const { html } = renderMail(template, template.sample, { locale: language });
    expect(html).not.toMatch(/<(img|script|link|iframe|form|video|object)|\burl\(|@import|\bon\w+=/i);
    expect(html).toContain(`<html lang="${language}"`);
  });

  it.each(cases)('%s can be written without the values that may be missing (%s)', (_name, language, template) => {
    const values = Object.fromEntries(
      Object.entries(template.sample).map(([name, value]) => [name, typeof value === 'string' ? null : value]),
    );
    expect(renderMail(template, values, { locale: language }).text.length).toBeGreaterThan(20);
  });

  it('has a name of its own', () => {
    const names = templates.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z]+(-[a-z]+)*$/.test(name))).toEqual([]);
  });
});
