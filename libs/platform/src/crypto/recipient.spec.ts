import { NotAuthenticError } from '#events/sealing';
import { createMasterKey } from './master-key.ts';
import { openRecipient, sealRecipient } from './recipient.ts';

const master = createMasterKey(Buffer.alloc(32, 1));
const ada = { email: 'ada@example.com', name: 'Ada Lovelace', locale: 'de' };

describe('a sealed recipient', () => {
  it('opens in another service of the same installation', () => {
    const text = sealRecipient(master, ada, 'sub_1');
    expect(openRecipient(createMasterKey(Buffer.alloc(32, 1)), text, 'sub_1')).toEqual(ada);
    expect(text).toMatch(/^[\w-]+$/);
    expect(sealRecipient(master, ada, 'sub_1')).not.toBe(text);
  });

  it('opens neither for another subject, nor in another installation, nor when it was changed', () => {
    const text = sealRecipient(master, { email: 'ada@example.com', name: null, locale: null }, 'sub_1');
    const other = createMasterKey(Buffer.alloc(32, 2));
    expect(() => openRecipient(master, text, 'sub_2')).toThrow(NotAuthenticError);
    expect(() => openRecipient(other, text, 'sub_1')).toThrow(NotAuthenticError);
    expect(() => openRecipient(master, `${text.slice(0, 30)}x${text.slice(31)}`, 'sub_1')).toThrow(NotAuthenticError);
    expect(() => openRecipient(master, 'AAAA', 'sub_1')).toThrow(NotAuthenticError);
  });
});
