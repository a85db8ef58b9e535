import { Stripe } from 'stripe';
import { readSettings } from '#platform/config/setting';
import { BadSignatureError, UnreadableEventError } from '../door.ts';
import { StripeDoor } from './stripe.door.ts';
import { StripeSettings } from './stripe.settings.ts';

const NOW = new Date('2027-03-01T12:00:00.000Z');
const client = new Stripe('sk_test_none', { telemetry: false });

const snapshot = {
  id: 'evt_1',
  object: 'event',
  api_version: '2026-10-28.endive',
  created: 1_803_902_390,
  data: { object: { id: 'in_1', object: 'invoice', customer_email: 'ada@example.com' } },
  livemode: false,
  pending_webhooks: 1,
  request: null,
  type: 'invoice.paid',
};
const thin = {
  id: 'evt_2',
  object: 'v2.core.event',
  created: '2027-03-01T11:59:58.123Z',
  livemode: false,
  context: null,
  reason: null,
  related_object: { id: 'mtr_1', type: 'billing.meter', url: '/v1/billing/meters/mtr_1' },
  type: 'v1.billing.meter.error_report_triggered',
};

const ours = { webhook_secrets: ['whsec_one'], account: 'acct_1', livemode: false };

interface Signed {
  readonly secret?: string;
  /** How much older than now the signature is, in seconds. */
  readonly age?: number;
  readonly settings?: Partial<typeof ours>;
  /** What is sent in place of what was signed. */
  readonly sent?: Buffer;
}

const verify = (body: object | string, { secret = 'whsec_one', age = 0, settings = {}, sent }: Signed = {}) => {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const timestamp = NOW.getTime() / 1_000 - age;
  const header = client.webhooks.generateTestHeaderString({ payload, secret, timestamp });
  const door = new StripeDoor(client, { ...ours, ...settings });
  return door.verify(sent ?? Buffer.from(payload), (name) => (name === 'stripe-signature' ? header : undefined), NOW);
};

describe('the door for events of Stripe', () => {
  it('reads a snapshot', () => {
    expect(verify(snapshot)).toEqual({
      event_id: 'evt_1',
      type: 'invoice.paid',
      object: { kind: 'invoice', id: 'in_1' },
      account: null,
      livemode: false,
      created_at: '2027-03-01T11:59:50.000Z',
      api_version: '2026-10-28.endive',
      shape: 'snapshot',
      foreign: null,
    });
  });

  it('reads a thin event', () => {
    expect(verify(thin)).toEqual({
      event_id: 'evt_2',
      type: 'v1.billing.meter.error_report_triggered',
      object: { kind: 'billing.meter', id: 'mtr_1' },
      account: null,
      livemode: false,
      created_at: '2027-03-01T11:59:58.123Z',
      api_version: null,
      shape: 'thin',
      foreign: null,
    });
  });

  it('reads events about nothing that has an id', () => {
    expect(verify({ ...snapshot, data: { object: { object: 'balance' } } }).object).toBeNull();
    expect(verify({ ...thin, related_object: null }).object).toBeNull();
  });

  it.each([
    ['one byte off', Buffer.from(JSON.stringify(snapshot).replace('in_1', 'in_2'))],
    ['written anew', Buffer.from(JSON.stringify(snapshot, null, 1))],
    ['with other escapes', Buffer.from(JSON.stringify(snapshot).replace('@', '\\u0040'))],
    ['in another encoding', Buffer.from(JSON.stringify(snapshot), 'utf16le')],
    ['behind a byte order mark', Buffer.from(`\ufeff${JSON.stringify(snapshot)}`)],
    ['that is empty', Buffer.alloc(0)],
  ])('refuses a body %s', (_how, sent) => {
    expect(() => verify(snapshot, { sent })).toThrow(BadSignatureError);
  });

  it('refuses broken UTF-8, even where the signature fits what the client reads of it', () => {
    const sent = Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(() => verify(sent.toString(), { sent })).toThrow(BadSignatureError);
  });

  it.each([
    [300, true],
    [301, false],
    [-300, true],
    [-301, false],
  ])('with a signature that is %i seconds old: %s', (age, accepted) => {
    if (accepted) expect(verify(snapshot, { age }).event_id).toBe('evt_1');
    else expect(() => verify(snapshot, { age })).toThrow(BadSignatureError);
  });

  it('takes every secret that is configured, and no other', () => {
    const settings = { webhook_secrets: ['whsec_old', 'whsec_new'] };
    for (const secret of settings.webhook_secrets)
      for (const body of [snapshot, thin]) expect(verify(body, { secret, settings }).foreign).toBeNull();
    expect(() => verify(snapshot, { secret: 'whsec_other', settings })).toThrow(BadSignatureError);
  });

  it.each([undefined, '', 't=1', 'v1=00', 't=1804000000,t=1804000000,v1=00', 't=x,v1=00', 't=1803902400'])(
    'refuses the header %s',
    (header) => {
      const door = new StripeDoor(client, ours);
      expect(() => door.verify(Buffer.from('{}'), () => header, NOW)).toThrow(BadSignatureError);
    },
  );

  it('tells events of another account, and of live data on a test key', () => {
    expect(verify({ ...snapshot, account: 'acct_1' }).foreign).toBeNull();
    expect(verify({ ...snapshot, account: 'acct_2' }).foreign).toBe('other_account');
    expect(verify({ ...thin, context: 'acct_2' })).toMatchObject({ account: 'acct_2', foreign: 'other_account' });
    expect(verify({ ...snapshot, livemode: true }).foreign).toBe('other_mode');
    expect(verify(thin, { settings: { livemode: true } }).foreign).toBe('other_mode');
  });

  it.each([
    ['"text"'],
    ['not JSON'],
    [{ object: 'v3.event' }],
    [{ ...snapshot, id: undefined }],
    [{ ...snapshot, type: 'two words' }],
    [{ ...snapshot, created: 'today' }],
    [{ ...thin, livemode: 'no' }],
  ])('says that a signed body is no event: %j', (body) => {
    expect(() => verify(body)).toThrow(UnreadableEventError);
  });
});

describe('the settings of Stripe', () => {
  const read = (env: Record<string, string>) => readSettings(StripeSettings, env);

  it.each([
    ['KEYLEDGER_STRIPE_WEBHOOK_SECRETS', 'whsec_S3CRET,'],
    ['KEYLEDGER_STRIPE_WEBHOOK_SECRETS', ' , whsec_S3CRET'],
    ['KEYLEDGER_STRIPE_WEBHOOK_SECRETS', 'whsec_S3CRET whsec_two'],
    ['KEYLEDGER_STRIPE_API_KEY', 'pk_live_S3CRET'],
    ['KEYLEDGER_STRIPE_ACCOUNT', 'mine'],
  ])('refuse %s=%s with a message that says what to give', (name, value) => {
    let message = '';
    try {
      read({ [name]: value });
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(new RegExp(`${name}.*give `));
    expect(message).not.toContain('S3CRET');
  });

  it('know from the key whether data is live', () => {
    expect(read({}).livemode).toBeUndefined();
    expect(read({ KEYLEDGER_STRIPE_API_KEY: 'sk_test_1' }).livemode).toBe(false);
    expect(read({ KEYLEDGER_STRIPE_API_KEY: 'rk_live_1' }).livemode).toBe(true);
    const { webhook_secrets } = read({ KEYLEDGER_STRIPE_WEBHOOK_SECRETS: ' whsec_one, whsec_two ' });
    expect(webhook_secrets).toEqual(['whsec_one', 'whsec_two']);
  });
});
