import { atTime, type InLocale, mailLocale, onDay } from './language.ts';
import { renderMail } from './render-mail.ts';
import { code, defineMail, facts, link, type MailBlock, paragraph, steps } from './template.ts';

type Values = {
  readonly name: string | null;
  readonly day: InLocale;
  readonly url: string | null;
};

const mail = (blocks: readonly MailBlock[], subject = 'Hello {{ name }}') =>
  defineMail<Values>({
    name: 'test',
    description: 'A test.',
    sample: { name: 'Ada', day: onDay('2026-11-29T10:00:00.000Z'), url: null },
    en: { subject, blocks },
    de: { subject: 'Guten Tag {{ name }}', blocks: [paragraph('Am {{ day }}.')] },
  });
const values: Values = { name: 'Ada', day: onDay('2026-11-29T10:00:00.000Z'), url: 'https://example.com/?a=1&b=2' };

describe('a mail', () => {
  it('has the same content as text and as HTML', () => {
    const template = mail([
      paragraph('Hello {{ name }},\nwelcome.'),
      facts({ Name: '{{ name }}', Day: '{{ day }}' }),
      code('Code', 'K-1'),
      link('Open', '{{ url }}'),
      steps('One', 'Two'),
    ]);
    const { subject, text, html } = renderMail(template, values, {
      sender: { name: 'Acme', footer: 'Acme Ltd\nOslo' },
    });
    expect(subject).toBe('Hello Ada');
    expect(text).toBe(
      'Hello Ada,\nwelcome.\n\nName: Ada\nDay: November 29, 2026\n\nCode:\nK-1\n\nOpen:\nhttps://example.com/?a=1&b=2\n\n' +
        '1. One\n2. Two\n\n-- \nAcme\nAcme Ltd\nOslo\n',
    );
    for (const part of [
      'Hello Ada,<br>\nwelcome.',
      '>Name<',
      '>November 29, 2026<',
      '>K-1<',
      '>Acme<',
      'Acme Ltd<br>\nOslo',
    ])
      expect(html).toContain(part);
    expect(html).toContain('<a href="https://example.com/?a=1&amp;b=2"');
    expect(html).toContain('<li style="padding:0 0 4px;">Two</li>');
  });

  it.each(['<b>Ada</b>', '"><script>', '{{ day }}', '{% include "x" %}', '{{ "a" | raw }}', '&lt;'])(
    'shows values such as %s as they are',
    (name) => {
      const { subject, text, html } = renderMail(mail([paragraph('Hello {{ name }}.')]), { ...values, name });
      expect(subject).toBe(`Hello ${name}`);
      expect(text).toContain(`Hello ${name}.`);
      const escaped = name.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&#34;');
      expect(html).toContain(`Hello ${escaped}.`);
    },
  );

  it('keeps values on one line, so that they add no header and no block', () => {
    const { subject, text } = renderMail(mail([paragraph('{{ name }}')]), { ...values, name: 'a\r\nBcc: b\n\n-- ' });
    expect(subject).toBe('Hello a Bcc: b --');
    expect(text).toBe('a Bcc: b --\n');
  });

  it('leaves out blocks and rows that have nothing to show', () => {
    const template = mail([
      paragraph('{% if name %}Hello{% endif %}'),
      facts({ Name: '{{ name }}', Day: '{{ day }}' }),
      facts({ Name: '{{ name }}' }),
      code('Code', '{{ name }}'),
      link('Open', '{{ url }}'),
      steps('{{ name }}'),
    ]);
    expect(renderMail(template, { ...values, name: '', url: null }).text).toBe('Day: November 29, 2026\n');
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'example.com'])(
    'links to web addresses only, not to %s',
    (url) => {
      const { text, html } = renderMail(mail([link('Open', '{{ url }}'), paragraph('x')]), { ...values, url });
      expect(text).toBe('x\n');
      expect(html).not.toContain('<a ');
    },
  );

  it.each([
    ['de', 'Guten Tag Ada', 'Am 29. November 2026.\n'],
    ['de-AT', 'Guten Tag Ada', 'Am 29. November 2026.\n'],
    ['de_CH', 'Guten Tag Ada', 'Am 29. November 2026.\n'],
    ['en-GB', 'Hello Ada', '29 November 2026\n'],
    ['en-US', 'Hello Ada', 'November 29, 2026\n'],
    ['fr-FR', 'Hello Ada', 'November 29, 2026\n'],
    ['no such locale', 'Hello Ada', 'November 29, 2026\n'],
    [null, 'Hello Ada', 'November 29, 2026\n'],
  ])('is written in the language of %s', (locale, subject, text) => {
    expect(renderMail(mail([paragraph('{{ day }}')]), values, { locale })).toMatchObject({ subject, text });
  });

  it('writes times in UTC', () => {
    expect(atTime('2026-11-29T23:05:00.000Z')(mailLocale('de').format)).toBe('29. November 2026 um 23:05 UTC');
  });

  it.each(['{{ unknown }}', '{{ name | unknown }}', '{% include "/etc/passwd" %}', '{% layout "layout.ts" %}'])(
    'is not rendered from a template with %s',
    (text) => {
      expect(() => renderMail(mail([paragraph(text)]), values)).toThrow();
    },
  );
});
