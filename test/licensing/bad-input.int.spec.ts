import { eventually, type Reply } from '../support/app.ts';
import { type Fields, type Licensing, startLicensing } from './harness.ts';

const UNSEEN = ['\u202e', '\u200f', '\u2066', '\ufeff'];

describe('bad input to licensing', () => {
  let app: Licensing;
  let license: Fields;
  let count = 0;

  beforeAll(async () => {
    app = await startLicensing({ product: { type: 'hybrid' }, plan: { max_activations: null } });
    await app.create(`/admin/plans/${String(app.plan['id'])}/entitlements`, {
      feature: 'exports',
      value_type: 'quota',
      value: 1_000,
      quota_period: 'monthly',
    });
    license = await app.issue();
  });
  afterAll(() => app.close());

  const refused = (reply: Reply, pointer?: string): void => {
    expect(reply).toMatchObject({ status: 400, body: { code: expect.any(String) as unknown } });
    if (pointer === undefined) return;
    const { errors } = reply.body as { errors: { pointer: string }[] };
    expect(errors.map((error) => error.pointer)).toContain(pointer);
  };

  describe('numbers', () => {
    const fields = ['max_activations', 'max_seats', 'trial_days', 'grace_days', 'floating_timeout', 'updates_days'];
    const texts = [
      'NaN',
      'Infinity',
      '1e309',
      '-1e309',
      '-0',
      '9007199254740992',
      '1.5',
      '-1',
      '"3"',
      '"0x10"',
      'true',
    ];
    const cases = fields.flatMap((field) => texts.map((text) => [field, text] as const));

    it.each(cases)('a plan whose %s is %s is refused, and not read as another value', async (field, text) => {
      const { id: _id, checkout_id: _checkout, created_at: _at, updated_at: _updated, ...same } = app.plan;
      const body = JSON.stringify({ ...same, slug: 'odd', [field]: 0 }).replace(`"${field}":0`, `"${field}":${text}`);
      refused(await app.call('POST', '/admin/plans', body));
      const patch = await app.call('PATCH', `/admin/plans/${String(app.plan['id'])}`, `{"${field}":${text}}`);
      refused(patch);
    });

    it.each(['NaN', '1e309', '-0', '0', '-5', '9007199254740992', '1.5', '"1"', 'null', 'true', '[1]'])(
      'usage of %s is refused, and nothing is counted',
      async (text) => {
        const used = async (): Promise<unknown> =>
          ((await app.ask('verify', { license_key: license['license_key'], identifier: 'x' })).body as Fields)[
            'entitlements'
          ];
        const before = await used();
        const body = { license_key: license['license_key'], feature: 'exports' };
        refused(await app.ask('usage', JSON.stringify(body).replace('}', `,"quantity":${text}}`)));
        expect(await used()).toEqual(before);
      },
    );

    it('the largest number does not overflow', async () => {
      const reply = await app.ask('usage', {
        license_key: license['license_key'],
        feature: 'exports',
        quantity: Number.MAX_SAFE_INTEGER,
      });
      expect(reply).toMatchObject({ status: 429, body: { code: 'QUOTA_EXCEEDED', remaining: 1_000 } });
      const after = await app.ask('usage', { license_key: license['license_key'], feature: 'exports', quantity: 1 });
      expect(after).toMatchObject({ body: { used: 1, remaining: 999 } });
    });
  });

  describe('names of machines', () => {
    const everywhere = ['activate', 'deactivate', 'verify'] as const;
    const bad = [
      ...UNSEEN.map((mark) => `device${mark}1`),
      'x'.repeat(300),
      '👩‍💻'.repeat(100),
      ' \t ',
      'a\u0000b',
      '\ud83d',
    ];

    it.each(everywhere.flatMap((path) => bad.map((identifier) => [path, identifier] as const)))(
      '%s refuses %j',
      async (path, identifier) => {
        refused(await app.ask(path, { license_key: license['license_key'], identifier }), '/identifier');
      },
    );

    it.each(['👩‍💻', 'عربي', 'מחשב', 'क्ष', '💻'.repeat(255)])(
      '%j is accepted, from activation to deactivation',
      async (identifier) => {
        const { license_key } = await app.issue();
        expect((await app.ask('activate', { license_key, identifier })).status).toBe(201);
        expect((await app.ask('verify', { license_key, identifier })).body).toMatchObject({ code: 'VALID' });
        expect((await app.ask('deactivate', { license_key, identifier })).status).toBe(200);
      },
    );

    it('with 256 characters are refused', async () => {
      refused(
        await app.ask('activate', { license_key: license['license_key'], identifier: '💻'.repeat(256) }),
        '/identifier',
      );
    });
  });

  describe('the texts of a license', () => {
    it('are stored unchanged to the byte, in any script', async () => {
      const words = { name: 'عُمَر 👩‍💻', org_name: '株式会社 <b>&amp;', notes: `a\r\n"b"\t'c'; drop table licenses` };
      const made = await app.issue(words);
      expect((await app.call('GET', `/admin/licenses/${String(made['id'])}`)).body).toMatchObject(words);
    });

    it.each([
      ['name', 'x'.repeat(201)],
      ['org_name', 'a\nb'],
      ['notes', 'x'.repeat(5_001)],
      ['external_customer_id', 'x'.repeat(256)],
      ['name', '\ud83d'],
      ['email', 'nobody'],
      ['email', `a@${'x'.repeat(300)}.com`],
      ['email', 'a@b.c\u202e'],
      ['metadata', { text: '\u0000' }],
      ['metadata', { text: '\ud83d' }],
      ['metadata', { 'a\u0000b': 1 }],
      ['metadata', [1]],
      ['metadata', 'text'],
    ])('%s may not be %j', async (field, value) => {
      const body = { product_id: app.product['id'], plan_id: app.plan['id'], email: 'a@example.com', [field]: value };
      refused(await app.call('POST', '/admin/licenses', body));
      if (field === 'email') return;
      refused(await app.call('PATCH', `/admin/licenses/${String(license['id'])}`, { [field]: value }));
    });

    it.each(['{"n":1e309}', '{"n":-0}', '{"n":9007199254740993}', '{"deep":{"n":[1,-0]}}'])(
      'metadata that would silently change are refused: %s',
      async (metadata) => {
        refused(await app.call('PATCH', `/admin/licenses/${String(license['id'])}`, `{"metadata":${metadata}}`));
      },
    );
  });

  describe('fields that callers may not set', () => {
    it.each([
      ['status', 'active'],
      ['id', 'lic_01jd1zx0h8e4rvy2m6k9w3q5tb'],
      ['customer_id', 'cus_1'],
      ['license_key', 'MINE'],
      ['key_hash', 'x'],
      ['trial', false],
      ['term_started_at', null],
      ['activations', 0],
      ['created_at', '2020-01-01T00:00:00Z'],
    ])('are not set when a license is issued: %s', async (field, value) => {
      const body = { product_id: app.product['id'], plan_id: app.plan['id'], email: 'a@example.com', [field]: value };
      refused(await app.call('POST', '/admin/licenses', body), `/${field}`);
    });

    it.each([
      ['', 'PATCH', { status: 'active' }],
      ['', 'PATCH', { valid_until: null }],
      ['', 'PATCH', { valid_from: '2020-01-01T00:00:00Z' }],
      ['', 'PATCH', { updates_until: null }],
      ['', 'PATCH', { product_id: 'prod_01jd1zx0h8e4rvy2m6k9w3q5tb' }],
      ['', 'PATCH', { plan_id: 'plan_01jd1zx0h8e4rvy2m6k9w3q5tb' }],
      ['', 'PATCH', { email: 'thief@example.com' }],
      ['', 'PATCH', { customer_id: 'cus_1' }],
      ['/renew', 'POST', { valid_from: '2020-01-01T00:00:00Z' }],
      ['/renew', 'POST', { status: 'active' }],
      ['/reinstate', 'POST', { status: 'active' }],
      ['/change-plan', 'POST', { valid_until: null }],
      ['/transfer', 'POST', { customer_id: 'cus_1' }],
    ])('are not set by later commands: %s %s %j', async (action, method, body) => {
      const path = `/admin/licenses/${String(license['id'])}`;
      const before = (await app.call('GET', path)).body as Fields;
      refused(await app.call(method, `${path}${action}`, body), `/${Object.keys(body)[0]}`);
      expect((await app.call('GET', path)).body).toEqual(before);
    });

    it.each(['product_id', 'checkout_id', 'id', 'created_at'])('are not set on a plan: %s', async (field) => {
      refused(await app.call('PATCH', `/admin/plans/${String(app.plan['id'])}`, { [field]: 'x' }), `/${field}`);
    });
  });

  describe('files of licenses', () => {
    const line = (over: Fields, odd = ''): string => {
      const good = {
        external_id: `e${++count}`,
        product_id: app.product['id'],
        plan_id: app.plan['id'],
        email: 'a@example.com',
      };
      return JSON.stringify({ ...good, ...over }).replace(/\}$/, `${odd}}`);
    };
    /** @returns the lines that were refused */
    const importOf = async (lines: readonly string[]): Promise<number[]> => {
      const reply = await app.call('POST', '/admin/imports', lines.join('\n'), {
        'content-type': 'application/x-ndjson',
      });
      expect(reply.status).toBe(202);
      const path = `/admin/imports/${String((reply.body as Fields)['id'])}`;
      await eventually(async () => ((await app.call('GET', path)).body as Fields)['status'] === 'finished');
      expect((await app.call('GET', path)).body).toMatchObject({ issued: 1, refused: lines.length - 1 });
      const report = String((await app.call('GET', `${path}/report`)).body)
        .trim()
        .split('\n');
      return report.slice(1).map((row) => Number.parseInt(row, 10));
    };

    it('are refused line by line, and no line affects another', async () => {
      const lines = [
        line({ metadata: { text: 'a\u0000b' } }),
        line({ metadata: { text: '\ud83d' } }),
        line({}, ',"metadata":{"n":1e309}'),
        line({}, ',"metadata":{"n":-0}'),
        line({}, ',"metadata":{"n":9007199254740993}'),
        line({}, ',"metadata":{"__proto__":1}'),
        line({ name: 'a\u0007b' }),
        line({ activations: [`device${UNSEEN[0]}`] }),
        line({ status: 'active', customer_id: 'cus_1' }),
        line({ valid_until: 'tomorrow' }),
        line({ metadata: { kept: 'a\\u0000b 👩‍💻' }, external_customer_id: 'kept' }),
      ];
      expect(await importOf(lines)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      const kept = await app.call('GET', '/admin/licenses?external_customer_id=kept');
      expect(kept.body).toMatchObject({ data: [{ metadata: { kept: 'a\\u0000b 👩‍💻' } }] });
    });
  });
});
