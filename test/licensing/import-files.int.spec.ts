import { request } from 'undici';
import { ADMIN_KEY, eventually } from '../support/app.ts';
import { type Fields, type Licensing, startLicensing } from './harness.ts';

const CSV = 'text/csv';
const NDJSON = 'application/x-ndjson';

/** Two installations, each with a product: one imports what the other exports. */
describe('a file that is imported', () => {
  let app: Licensing;
  let other: Licensing;
  let count = 0;

  const send = async (file: string | Buffer, type: string, to = app): Promise<{ status: number; body: Fields }> => {
    const answer = await request(`${to.url}/api/v1/admin/imports`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': type },
      body: file,
    });
    return { status: answer.statusCode, body: (await answer.body.json()) as Fields };
  };
  const imported = async (file: string | Buffer, type: string, to = app): Promise<Fields> => {
    const { status, body } = await send(file, type, to);
    expect({ status, body }).toMatchObject({ status: 202 });
    return eventually(async () => {
      const job = (await to.call('GET', `/admin/imports/${String(body['id'])}`)).body as Fields;
      return job['status'] === 'finished' && job;
    });
  };
  const report = async ({ id }: Fields, of = app): Promise<string> =>
    (await of.call('GET', `/admin/imports/${String(id)}/report`)).body as string;
  const record = (over: Fields = {}): Fields => {
    const [product_id, plan_id] = [app.product['id'], app.plan['id']];
    const external_id = `x-${++count}`;
    return { external_id, product_id, plan_id, email: `${external_id}@example.com`, ...over };
  };
  const csv = (...records: readonly Fields[]): string =>
    [Object.keys(records[0] ?? {}), ...records.map((one) => Object.values(one))].map((row) => row.join(',')).join('\n');
  const nameOf = async ({ email }: Fields): Promise<unknown> => {
    const { body } = await app.call('GET', `/admin/licenses?email=${String(email)}`);
    return (body as { data: Fields[] }).data[0]?.['name'];
  };
  const exported = async (of: Licensing, format: string): Promise<string> => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const { body } = await request(`${of.url}/api/v1/admin/licenses?format=${format}`, { headers });
    return body.text();
  };
  const imports = async (): Promise<number> =>
    ((await app.call('GET', '/admin/imports')).body as { data: Fields[] }).data.length;

  beforeAll(async () => {
    app = await startLicensing();
    other = await startLicensing({ product: { slug: 'other' } });
  });
  afterAll(async () => {
    await app.close();
    await other.close();
  });

  it.each([CSV, NDJSON])(
    'is read in the charset that it declares, or that its byte order mark shows: %s',
    async (type) => {
      const file = (of: Fields): string => (type === CSV ? csv(of) : JSON.stringify(of));
      const encodings: readonly [string, (text: string) => Buffer][] = [
        [type, (text) => Buffer.from(`\ufeff${text}`)],
        [type, (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
        [type, (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
        [`${type}; charset=utf-16`, (text) => Buffer.from(text, 'utf16le')],
        [`${type}; charset=Windows-1252`, (text) => Buffer.from(text, 'latin1')],
      ];
      for (const [declared, encode] of encodings) {
        const one = record({ name: 'Jörg' });
        expect(await imported(encode(file(one)), declared)).toMatchObject({ issued: 1, refused: 0 });
        expect(await nameOf(one)).toBe('Jörg');
      }
    },
  );

  it.each([CSV, NDJSON])(
    'is refused completely, with the line number, when its encoding is invalid: %s',
    async (type) => {
      const [good, bad] = [record({ name: 'Ada' }), record({ name: 'Jörg' })];
      const text = type === CSV ? csv(good, bad) : [good, bad].map((one) => JSON.stringify(one)).join('\n');
      const before = await imports();
      const { status, body } = await send(Buffer.from(text, 'latin1'), type);
      expect({ status, body }).toMatchObject({ status: 400, body: { code: 'UNREADABLE_FILE' } });
      expect(body['detail']).toMatch(
        type === CSV ? /^Line 3 is not valid utf-8.*charset/ : /^Line 2 is not valid utf-8/,
      );
      expect(await send(text, `${type}; charset=utf-7`)).toMatchObject({
        status: 415,
        body: { code: 'UNSUPPORTED_MEDIA_TYPE' },
      });
      expect(await imports()).toBe(before);
      expect(await nameOf(good)).toBeUndefined();
      // The refusal stores nothing: the same lines in the correct encoding are imported.
      expect(await imported(Buffer.from(text, 'latin1'), `${type}; charset=windows-1252`)).toMatchObject({ issued: 2 });
      expect(await nameOf(bad)).toBe('Jörg');
    },
  );

  it('of CSV may be as Excel writes it: semicolons, sep=, headings in upper or lower case', async () => {
    const [one, two, three] = [record({ name: 'Ada' }), record({ name: 'Grace' }), record({ name: 'Jean' })];
    const semicolons = csv(one).replaceAll(',', ';').replace('external_id;product_id', 'External ID;PRODUCT_ID');
    expect(await imported(semicolons, CSV)).toMatchObject({ issued: 1 });
    expect(await imported(`\ufeffsep=|\r\n${csv(two).replaceAll(',', '|')}`, CSV)).toMatchObject({ issued: 1 });
    expect(await imported(Buffer.from(`\ufeff${csv(three).replaceAll(',', '\t')}`, 'utf16le'), CSV)).toMatchObject({
      issued: 1,
    });
    expect([await nameOf(one), await nameOf(two), await nameOf(three)]).toEqual(['Ada', 'Grace', 'Jean']);
  });

  it('of CSV is refused once for its heading, while a large remainder is still being sent', async () => {
    const row = `${'x'.repeat(1_000)}\n`;
    const { status, body } = await send(`external_id,product_id,plan_id,mail\n${row.repeat(30_000)}`, CSV);
    expect({ status, body }).toMatchObject({ status: 400, body: { code: 'INVALID_HEADING' } });
    for (const words of ['unknown: "mail"', 'missing: "email"', 'Needed: ']) expect(body['detail']).toContain(words);
  });

  it('of NDJSON keeps U+2028 and U+2029, and refuses only the line that is too long', async () => {
    const [one, two] = [record({ metadata: { note: 'a\u2028b\u2029c' } }), record()];
    const long = JSON.stringify(record({ notes: 'x'.repeat(2_000_000) }));
    const done = await imported([JSON.stringify(one), long, JSON.stringify(two)].join('\r\n'), NDJSON);
    expect(done).toMatchObject({ lines: 3, issued: 2, refused: 1 });
    expect(await report(done)).toMatch(/^line,external_id,reason\n2,,is longer than 1 MiB\n$/);
    const { body } = await app.call('GET', `/admin/licenses?email=${String(one['email'])}`);
    expect(body).toMatchObject({ data: [{ metadata: { note: 'a\u2028b\u2029c' } }] });
  });

  describe('after it was exported', () => {
    const DAY = 86_400_000;
    const day = (days: number): string => new Date(Date.now() + days * DAY).toISOString();
    /** Plans by their name, of both installations. */
    const plans: Record<string, { from: Fields; to: Fields }> = {};
    /** The values that differ between two installations: the product, its plans, the customer's id, and the creation time. */
    const comparable = (licenses: readonly Fields[]): Fields[] =>
      licenses
        .map(
          ({
            customer_id: _customer,
            created_at: _at,
            term_started_at,
            activations: _count,
            valid_from,
            ...rest
          }): Fields => ({
            ...rest,
            // A term that starts at the first activation has no start yet.
            valid_from: term_started_at === null ? 'waits' : valid_from,
          }),
        )
        .sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
    const all = async (of: Licensing): Promise<Fields[]> =>
      (await exported(of, 'ndjson'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Fields);
    const translated = (text: string): string =>
      Object.values(plans).reduce(
        (file, { from, to }) => file.replaceAll(String(from['id']), String(to['id'])),
        text.replaceAll(String(other.product['id']), String(app.product['id'])),
      );
    let theirs: Fields[];

    beforeAll(async () => {
      const yearly = { license_type: 'subscription', billing_interval: 'year' };
      const shapes = {
        perpetual: { updates_days: 365 },
        yearly: { ...yearly, grace_days: 3 },
        trying: { ...yearly, trial_days: 14 },
        waiting: { ...yearly, term_starts: 'first_activation' },
        retired: {},
      };
      for (const [name, shape] of Object.entries(shapes))
        plans[name] = { from: await other.newPlan(shape), to: await app.newPlan(shape) };
      const issue = (plan: string, fields: Fields = {}): Promise<Fields> =>
        other.issue({ plan_id: plans[plan]?.from['id'], ...fields });
      const names = [
        '=1+1',
        `'=1`,
        '+49 30',
        '-x',
        '@cmd',
        'Müller; "Sons", O\'Neill',
        `'tis`,
        '１＋１',
        '＝1',
        '李\u2028x',
      ];
      for (const name of names) await issue('perpetual', { name, metadata: { [name]: [name, null, 1.5] } });
      await issue('perpetual', { notes: '=a\r\n"b"\n\tc', updates_until: null, external_customer_id: '00123' });
      const laptop = await issue('yearly');
      await other.activate(laptop, 'laptop');
      await issue('yearly', { valid_until: null });
      await issue('yearly', { valid_from: day(-400), valid_until: day(-1) });
      await issue('yearly', { valid_from: day(-400), valid_until: day(-40) });
      await issue('yearly', { valid_from: day(40), valid_until: day(80), updates_until: day(60) });
      await issue('waiting');
      await issue('trying');
      await issue('trying', { skip_trial: true });
      for (const action of ['suspend', 'revoke', 'cancel'])
        for (const plan of ['perpetual', 'yearly']) await other.admin(await issue(plan), action);
      await issue('retired');
      for (const [of, plan] of [
        [other, plans['retired']?.from],
        [app, plans['retired']?.to],
      ] as const)
        expect(await of.call('PATCH', `/admin/plans/${String(plan?.['id'])}`, { active: false })).toMatchObject({
          status: 200,
        });
      theirs = await all(other);
    });

    it.each(['csv', 'ndjson'])('creates nothing in the installation that exported it: %s', async (format) => {
      const type = format === 'csv' ? CSV : NDJSON;
      const done = await imported(await exported(other, format), type, other);
      expect(done).toMatchObject({ lines: theirs.length, issued: 0, unchanged: theirs.length, refused: 0 });
      expect(await all(other)).toEqual(theirs);
    });

    it('creates the same licenses in another installation, once, from NDJSON and CSV', async () => {
      const lines = translated(await exported(other, 'ndjson'))
        .trimEnd()
        .split('\n');
      const half = lines.slice(0, lines.length / 2);
      const first = await imported(half.join('\n'), NDJSON);
      expect(await report(first)).toBe('line,external_id,reason\n');
      expect(first).toMatchObject({ issued: half.length });
      const second = await imported(translated(await exported(other, 'csv')), CSV);
      expect(await report(second)).toBe('line,external_id,reason\n');
      expect(second).toMatchObject({ issued: lines.length - half.length, unchanged: half.length });
      const ids = new Set(theirs.map(({ id }) => id));
      const ours = (await all(app)).filter(({ id }) => ids.has(id));
      expect(comparable(ours)).toEqual(comparable(lines.map((line) => JSON.parse(line) as Fields)));
      expect(await imported(lines.join('\n'), NDJSON)).toMatchObject({ issued: 0, unchanged: lines.length });
    });

    it('is refused line by line if it contradicts itself or names another product', async () => {
      const [product_id, plan_id] = [app.product['id'], app.plan['id']];
      const one = { product_id, plan_id, email: 'a@example.com' };
      const lines = [
        { ...one, id: 'x-1' },
        { ...one, id: 'lic_01jd1zx0h8e4rvy2m6k9w3q5tb', status: 'expired' },
        { ...one, id: (await app.issue())['id'], product_id: other.product['id'] },
        { ...one, id: 'lic_01jd1zx0h8e4rvy2m6k9w3q5tc', email: null },
        { ...one, id: 'lic_01jd1zx0h8e4rvy2m6k9w3q5td', activations: ['laptop'] },
      ];
      const done = await imported(lines.map((line) => JSON.stringify(line)).join('\n'), NDJSON);
      expect(done).toMatchObject({ issued: 0, refused: lines.length });
      const reasons = (await report(done)).split('\n');
      for (const [n, reason] of ['id', 'status is expired', 'NOT_FOUND', 'email', 'activations'].entries())
        expect(reasons[n + 1]).toContain(reason);
    });
  });
});
