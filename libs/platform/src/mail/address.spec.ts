import fc from 'fast-check';
import { redactText } from '../telemetry/redact.ts';
import { emailIdentity, readEmail, withUnicodeDomains } from './address.ts';

const FORMS = [
  [
    'ada@bücher.example',
    'ada@bu\u0308cher.example',
    'ada@BÜCHER.example',
    'ada@xn--bcher-kva.example',
    'Ada@XN--BCHER-KVA.Example',
  ],
  ['अजय@डाटा.भारत', ' अजय@डाटा.भारत\n', 'अजय@xn--c2bd1gb.xn--h2brj9c'],
  ['สมชาย@คน.ไทย', 'สมชาย@xn--42c6b.xn--o3cw4h'],
  ['Grace@Example.com', 'grace@example.com', '\tGRACE@EXAMPLE.COM '],
  ['jörg@straße.example', 'jo\u0308rg@xn--strae-oqa.example'],
] as const;
const ADDRESSES = [
  ...FORMS.flat(),
  'a@localhost',
  "o'hara+x=y/z@sub-domain.example.co.uk",
  '管理@例え.テスト',
  'x@12.example.com',
  'i@i❤.ws',
  'علی@نامه\u200cای.com',
].map((text) => text.trim());

describe('an e-mail address', () => {
  it.each(FORMS.map((forms) => [forms[0], forms] as const))('is the same in all its forms: %s', (_first, forms) => {
    expect(new Set(forms.map((form) => emailIdentity(form))).size).toBe(1);
  });

  it('is shown with its domain in letters, and with its case where the domain is ASCII', () => {
    expect(readEmail('अजय@xn--c2bd1gb.xn--h2brj9c')).toBe('अजय@डाटा.भारत');
    expect(readEmail(' jo\u0308rg@bu\u0308cher.example\n')).toBe('jörg@bücher.example');
    expect(readEmail('Grace@Example.com')).toBe('Grace@Example.com');
  });

  it.each(ADDRESSES)('may be %s', (text) => {
    const read = readEmail(text) ?? '';
    expect(read).not.toBe('');
    expect(readEmail(read)).toBe(read);
  });

  it.each([
    'nobody',
    '@example.com',
    'a@',
    'a@b@c.example',
    'a b@example.com',
    'a@example..com',
    'a@example.com.',
    'a@-example.com',
    'a@exa_mple.com',
    'a@ex%41mple.com',
    'a@example.com/path',
    'a@[127.0.0.1]',
    'kafkajs@2.2.4',
    'a@１２７.１',
    'node_modules/@nestjs',
    'a@b.c\u202e',
    'a\u200bb@example.com',
    `a@${'ä'.repeat(60)}.example`,
    'Ada <ada@example.com>',
    '"ada"@example.com',
    'a\u0000@example.com',
  ])('is not %j', (text) => {
    expect(readEmail(text)).toBeUndefined();
  });

  it('is found by its domain in both forms', () => {
    expect(withUnicodeDomains('अजय@xn--c2bd1gb.xn--h2brj9c')).toBe('अजय@डाटा.भारत');
    expect(withUnicodeDomains('Müller xn--bcher-kva.example')).toBe('Müller bücher.example');
    expect(withUnicodeDomains('Ada Example.com')).toBe('Ada Example.com');
  });

  it('never reaches the log, whatever is around it', () => {
    const around = fc.constantFrom(
      '',
      ' ',
      '"',
      "'",
      '<',
      '>',
      '(',
      ')',
      ',',
      '，',
      '。',
      '.',
      ':',
      ';',
      '=',
      '/',
      '“',
      '谢谢',
      '\u200b',
      '!',
      '?x=1&',
      '@',
    );
    const texts = fc.tuple(
      fc.array(around, { maxLength: 4 }),
      fc.constantFrom(...ADDRESSES),
      fc.array(around, { maxLength: 4 }),
    );
    fc.assert(
      fc.property(texts, ([before, address, after]) => {
        const [local = ''] = address.split('@');
        const text = `${before.join('')}${address}${after.join('')}`;
        expect(redactText(`x ${text} y`)).not.toContain(`${local}@`);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is distinguished in the log from versions and paths', () => {
    for (const text of ['kafkajs@2.2.4', '/app/node_modules/@nestjs/core/router.js:12:5', 'a @ b', '@nestjs/core'])
      expect(redactText(text)).toBe(text);
  });
});
