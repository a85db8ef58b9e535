import { performance } from 'node:perf_hooks';
import { request } from 'undici';
import { type Operation, operationsOf } from '../support/operations.ts';
import { type Fields, type Licensing, startLicensing } from './harness.ts';

describe('license keys', () => {
  let app: Licensing;
  let license: Fields;
  let operations: Operation[];

  beforeAll(async () => {
    app = await startLicensing({ product: { type: 'hybrid' }, plan: { max_activations: null } });
    license = await app.issue();
    operations = operationsOf((await app.call('GET', '/api/v1/openapi.json')).body as object);
  });
  afterAll(() => app.close());

  const typed = (key: string): string[] => [
    key.toLowerCase(),
    ` ${key} `,
    key.replaceAll('-', ' '),
    key.replaceAll('-', ''),
    key.replaceAll('-', '\u2013'),
    key.replaceAll('0', 'O').replaceAll('1', 'l'),
  ];

  it('are recognized on every route, however they are typed', async () => {
    const { license_key } = await app.issue();
    await app.ask('activate', { license_key, identifier: 'device' });
    const byKey = operations.filter(({ fields }) => fields.has('license_key'));
    expect(byKey.length).toBeGreaterThan(5);
    const unknown: unknown[] = [];
    for (const { method, path, body, fields } of byKey) {
      const device = fields.has('identifier') ? { identifier: 'device' } : {};
      for (const key of typed(String(license_key))) {
        const asked = { ...body, ...device, license_key: key };
        const { code } = (await app.call(method, path, asked, { authorization: undefined })).body as Fields;
        if (['LICENSE_NOT_FOUND', 'NOT_FOUND', 'BAD_SIGNATURE', 'VALIDATION_FAILED'].includes(String(code)))
          unknown.push([path, key, code]);
      }
    }
    expect(unknown).toEqual([]);
  });

  it.each(['', ' ', '\u0000', 'x'.repeat(2_049), 7, null, ['K'], { key: 'K' }])('cannot be %j', async (license_key) => {
    for (const path of ['verify', 'activate', 'deactivate'])
      expect([400, 404, 200]).toContain((await app.ask(path, { license_key, identifier: 'x' } as Fields)).status);
    const { body } = await app.ask('verify', { license_key, identifier: 'x' } as Fields);
    expect((body as Fields)['valid'] ?? false).toBe(false);
  });

  it('that are unknown get the same answer in the same time as nearly correct ones', async () => {
    const right = String(license['license_key']);
    const last = right.at(-3) === '7' ? '8' : '7';
    const asked = {
      nearly: `${right.slice(0, -3)}${last}${right.slice(-2)}`,
      unknown: 'ACME-7K2QM-9XWVT-3NBHR-5YFGC-8DJPE-ZZ',
      nonsense: 'nonsense',
    };
    const times: Record<keyof typeof asked, number[]> = { nearly: [], unknown: [], nonsense: [] };
    const answers = new Set<string>();
    for (let round = 0; round < 300; round++) {
      for (const kind of ['nearly', 'unknown', 'nonsense'] as const) {
        const begun = performance.now();
        const reply = await request(`${app.url}/api/v1/license/verify`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ license_key: asked[kind], identifier: 'x' }),
        });
        answers.add(await reply.body.text());
        times[kind].push(performance.now() - begun);
      }
    }
    expect(answers.size).toBe(1);
    const medians = Object.values(times).map((all) => all.sort((a, b) => a - b)[150] ?? 0);
    expect(Math.max(...medians) / Math.min(...medians)).toBeLessThan(1.5);
  });
});
