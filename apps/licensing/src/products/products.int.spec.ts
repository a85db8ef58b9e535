import { type Licensing, startLicensing } from '../../../../test/licensing/harness.ts';

describe('products and plans', () => {
  let app: Licensing;

  beforeAll(async () => {
    app = await startLicensing({ plan: { max_activations: 5 } });
  });
  afterAll(() => app.close());

  it('are read as they were created, with ETags that guard changes', async () => {
    const read = await app.call('GET', `/admin/products/${String(app.product['id'])}`);
    expect(read.body).toEqual(app.product);
    const changed = await app.call(
      'PATCH',
      `/admin/products/${String(app.product['id'])}`,
      { name: 'Studio 2' },
      { 'if-match': '"1"' },
    );
    expect(changed).toMatchObject({ status: 200, body: { name: 'Studio 2' } });
    expect(changed.headers['etag']).toBe('"2"');
    const stale = await app.call(
      'PATCH',
      `/admin/products/${String(app.product['id'])}`,
      { name: 'x' },
      { 'if-match': '"1"' },
    );
    expect(stale).toMatchObject({ status: 412, body: { code: 'PRECONDITION_FAILED' } });
  });

  it('keep slugs unique, also with concurrent requests', async () => {
    const body = { name: 'Twin', slug: 'twin', type: 'saas' };
    const twins = await Promise.all([
      app.call('POST', '/admin/products', body),
      app.call('POST', '/admin/products', body),
    ]);
    expect(twins.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(twins.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'SLUG_TAKEN' });
  });

  it('have documented defaults, and keep 0 and null as they were sent', async () => {
    expect(await app.newPlan()).toMatchObject({
      max_activations: 3,
      max_seats: 1,
      trial_days: 0,
      grace_days: 7,
      floating_timeout: 30,
      active: true,
      sort_order: 0,
    });
    expect(await app.newPlan({ max_activations: 0, max_seats: null, grace_days: 0 })).toMatchObject({
      max_activations: 0,
      max_seats: null,
      grace_days: 0,
    });
    const none = await app.newPlan({ max_activations: 0 });
    const license = await app.issue({ plan_id: none['id'] });
    expect(await app.activate(license, 'device')).toMatchObject({
      status: 409,
      body: { code: 'ACTIVATION_LIMIT_REACHED', max: 0, current: 0 },
    });
  });
});
