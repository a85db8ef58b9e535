import type { Reply } from '../support/app.ts';
import { type Fields, type Licensing, startLicensing } from './harness.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}
interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

/**
 * Values for the other fields of routes. The resources need not exist: a route that reports one missing has found the license.
 */
const KNOWN: Fields = {
  identifier: 'device',
  feature: 'exports',
  quantity: 1,
  activation_id: 'act_01jd1zx0h8e4rvy2m6k9w3q5tb',
  session_id: 'sess_01jd1zx0h8e4rvy2m6k9w3q5tb',
  records: [{ feature: 'exports', quantity: 1, idempotency_key: 'one' }],
};

/** Random keys as they arrive from files, mails, word processors and keyboards. */
const PASTED: readonly (readonly [string, (key: string) => string])[] = [
  ['with the line break of a file', (key) => `${key}\n`],
  ['with the line break of Windows', (key) => `\ufeff${key}\r\n`],
  ['with a tab before it', (key) => `\t${key}`],
  ['broken in the middle', (key) => `${key.slice(0, 9)}\r\n    ${key.slice(9)}`],
  ['with non-breaking spaces', (key) => key.replaceAll('-', '\u00a0')],
  ['with invisible characters', (key) => `\u200e${key.replaceAll('-', '-\u200b')}\u00ad`],
  ['with dashes of a word processor', (key) => key.replace('-', '\u2013').replace('-', '\u2014')],
  ['in full width', (key) => key.replace(/[!-~]/g, (one) => String.fromCodePoint((one.codePointAt(0) ?? 0) + 0xfee0))],
  ['in small letters, with o for 0 and l for 1', (key) => key.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l')],
];
/** As a mail program wraps a long line. */
const wrapped = (key: string): string => `\r\n${key.replace(/.{76}/g, '$&\r\n ')}\r\n`;

describe('pasted keys', () => {
  let app: Licensing;
  let random: string;
  let signed: string;
  let routes: readonly (readonly [string, Fields])[];

  /** The body of a request without the key. @returns undefined for a route without a license key */
  const otherFields = ({ requestBody }: Operation): Fields | undefined => {
    const { properties = {}, required = [] } = requestBody?.content['application/json']?.schema ?? {};
    if (!('license_key' in properties)) return undefined;
    for (const name of required)
      if (name !== 'license_key' && !(name in KNOWN)) throw new Error(`KNOWN has no value for ${name}`);
    return Object.fromEntries(Object.entries(KNOWN).filter(([name]) => name in properties));
  };
  /** Calls every route that takes a license key. Each must find the license of the key. */
  const expectFound = async (license_key: string): Promise<void> => {
    for (const [path, fields] of routes) {
      const reply = await app.call('POST', path, { ...fields, license_key }, { authorization: undefined });
      expect([path, reply.status, reply.body]).not.toMatchObject([path, 400, {}]);
      expect([path, JSON.stringify(reply.body)]).toEqual([
        path,
        expect.not.stringMatching(/"(LICENSE_NOT_FOUND|NOT_FOUND|BAD_SIGNATURE)"/),
      ]);
    }
  };

  beforeAll(async () => {
    app = await startLicensing();
    random = String((await app.issue())['license_key']);
    const product = await app.create('/admin/products', {
      name: 'Signed',
      slug: 'signed',
      type: 'desktop',
      key_format: 'signed',
    });
    const plan = await app.newPlan({ product_id: product['id'] });
    signed = String((await app.issue({ product_id: product['id'], plan_id: plan['id'] }))['license_key']);
    const { body } = await app.call('GET', '/openapi.json', undefined, {});
    const { paths } = body as { paths: Record<string, { post?: Operation }> };
    routes = Object.entries(paths).flatMap(([path, { post }]) => {
      const fields = post && otherFields(post);
      return fields === undefined ? [] : [[path, fields] as const];
    });
  });
  afterAll(() => app.close());

  it('are tested on every route that takes one', () => {
    expect(routes.map(([path]) => path)).toEqual(
      expect.arrayContaining(['/api/v1/license/verify', '/api/v1/license/usage', '/api/v1/license/floating/checkin']),
    );
    expect(routes.length).toBeGreaterThanOrEqual(13);
  });

  it.each(PASTED)('open their license on every route: %s', async (_how, paste) => {
    await expectFound(paste(random));
  });

  it('open their license on every route when they are signed and a mail program wrapped them', async () => {
    expect(signed.length).toBeGreaterThan(200);
    await expectFound(wrapped(signed));
  });

  it('are case-sensitive when they are signed', async () => {
    const swapped = signed.replace(/[a-z]/, (letter) => letter.toUpperCase());
    const { body } = await app.ask('verify', { license_key: swapped, identifier: 'device' });
    expect(body).toMatchObject({ valid: false, code: 'BAD_SIGNATURE' });
  });

  it.each(['', '\r\n', '\u200b', ' \u00a0 ', '---', 'a\u0007b'])(
    'are refused when no valid key remains of %j',
    async (key) => {
      for (const [path, fields] of routes) {
        const reply = await app.call('POST', path, { ...fields, license_key: key }, { authorization: undefined });
        expect([path, reply]).toMatchObject([
          path,
          {
            status: 400,
            body: { errors: expect.arrayContaining([expect.objectContaining({ pointer: '/license_key' })]) },
          },
        ]);
      }
    },
  );

  it('identify one caller, so that their Idempotency-Keys match', async () => {
    const once = { authorization: undefined, 'idempotency-key': 'pasted-1' };
    const activate = (license_key: string): Promise<Reply> =>
      app.call('POST', '/license/activate', { license_key, identifier: 'once' }, once);
    expect(await activate(random)).toMatchObject({ status: 201 });
    expect(await activate(`${random}\n`)).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it.each(PASTED)('work as redemption codes, too: %s', async (_how, paste) => {
    const batch = await app.create('/admin/key-batches', {
      product_id: app.product['id'],
      plan_id: app.plan['id'],
      name: 'Cards',
      count: 1,
    });
    const [card] = batch['codes'] as { code: string; license_key: string }[];
    const redeemed = await app.create('/license/redeem', { code: paste(card?.code ?? ''), email: 'ada@example.com' });
    expect(redeemed['license_key']).toBe(card?.license_key);
    expect(await app.verify({ license_key: paste(card?.license_key ?? '') })).toMatchObject({ code: 'NOT_ACTIVATED' });
  });
});
