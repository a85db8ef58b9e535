import { eventually, startApp, type TestApp } from '../../../../test/support/app.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { licensingService } from '../licensing.module.ts';

type Fields = Record<string, unknown>;

describe('renewals', () => {
  let app: TestApp;
  let plan: Fields;

  const issue = (over: Fields): Promise<Fields> =>
    app.create('/admin/licenses', {
      product_id: plan['product_id'],
      plan_id: plan['id'],
      email: 'ada@example.com',
      ...over,
    });
  const renew = async ({ id }: Fields): Promise<Fields> => {
    const reply = await app.call('POST', `/admin/licenses/${String(id)}/renew`, {});
    expect(reply.status).toBe(200);
    return reply.body as Fields;
  };
  const search = async (filter: string): Promise<Fields[]> =>
    ((await app.call('GET', `/admin/licenses?${filter}`)).body as { data: Fields[] }).data;

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService] });
    const product = await app.create('/admin/products', { name: 'Studio', slug: 'studio', type: 'desktop' });
    plan = await app.create('/admin/plans', {
      product_id: product['id'],
      name: 'Monthly',
      slug: 'monthly',
      license_type: 'subscription',
      license_model: 'standard',
      billing_interval: 'month',
    });
  });
  afterAll(() => app.close());

  it('keep the day of the month, and show the anchor of the terms', async () => {
    const term_anchor = '2026-12-31T00:00:00.000Z';
    const license = await issue({ valid_from: term_anchor });
    expect(license).toMatchObject({ valid_until: '2027-01-31T00:00:00.000Z', term_anchor });
    for (const day of ['2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31'])
      expect(await renew(license)).toMatchObject({ valid_until: `${day}T00:00:00.000Z`, term_anchor });
    expect(await search(`plan_id=${String(plan['id'])}`)).toMatchObject([{ id: license['id'], term_anchor }]);
  });

  it('continue from the same anchor after an export and an import', async () => {
    const anchor = '2030-01-31T10:00:00.000Z';
    // The first term of this license began on another day than its present term.
    const first = await issue({
      email: 'moved@example.com',
      valid_from: '2029-11-12T10:00:00.000Z',
      term_anchor: anchor,
      valid_until: '2030-02-28T10:00:00.000Z',
    });
    const exported = await app.call('GET', '/admin/licenses?email=moved@example.com&format=ndjson');
    const { product_id, plan_id, email, valid_from, valid_until, term_anchor } = JSON.parse(
      String(exported.body),
    ) as Fields;
    expect({ valid_from, valid_until, term_anchor }).toEqual({
      valid_from: first['valid_from'],
      valid_until: first['valid_until'],
      term_anchor: anchor,
    });
    const line = { product_id, plan_id, email, valid_from, valid_until, term_anchor, external_id: 'x-1' };
    const sent = await app.call('POST', '/admin/imports', JSON.stringify(line), {
      'content-type': 'application/x-ndjson',
    });
    const path = `/admin/imports/${String((sent.body as Fields)['id'])}`;
    await eventually(async () => ((await app.call('GET', path)).body as Fields)['issued'] === 1);
    const both = await search('email=moved@example.com');
    expect(both).toHaveLength(2);
    for (const license of both)
      expect(await renew(license)).toMatchObject({ valid_until: '2030-03-31T10:00:00.000Z', term_anchor: anchor });
  });
});
