import { eventually, startApp, type TestApp } from '../../../../test/support/app.ts';
import { GatewayModule } from '../../../gateway/src/gateway.module.ts';
import { LicensingModule } from '../licensing.module.ts';

describe('smoke', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ modules: [GatewayModule, LicensingModule] });
  });
  afterAll(() => app.close());
  it('works', async () => {
    const product = await app.call('POST', '/admin/products', { name: 'x', slug: 'x', type: 'desktop' });
    console.log(product.body);
    const plan = await app.call('POST', '/admin/plans', {
      product_id: product.body.id,
      name: 'Pro',
      slug: 'pro',
      license_type: 'subscription',
      license_model: 'standard',
      billing_interval: 'month',
      max_activations: 2,
    });
    console.log(plan.body);
    const lic = await app.call(
      'POST',
      '/admin/licenses',
      { product_id: product.body.id, plan_id: plan.body.id, email: 'Ada@example.com', metadata: { a: 1 } },
      { 'idempotency-key': 'k1' },
    );
    console.log(lic.body);
    const again = await app.call(
      'POST',
      '/admin/licenses',
      { product_id: product.body.id, plan_id: plan.body.id, email: 'Ada@example.com', metadata: { a: 1 } },
      { 'idempotency-key': 'k1' },
    );
    expect(again.body).toEqual(lic.body);
    console.log(again.headers);
    const license_key = lic.body.license_key;
    const act = await app.call(
      'POST',
      '/license/activate',
      { license_key: license_key.toLowerCase(), identifier: ' dev-1 ' },
      { authorization: undefined },
    );
    console.log(act);
    console.log(
      (await app.call('POST', '/license/verify', { license_key, identifier: 'dev-1' }, { authorization: undefined }))
        .body,
    );
    console.log((await app.call('POST', `/admin/licenses/${lic.body.id}/suspend`, { reason: 'x' })).body);
    console.log(
      (await app.call('POST', '/license/verify', { license_key, identifier: 'dev-1' }, { authorization: undefined }))
        .body,
    );
    console.log((await app.call('GET', `/admin/licenses/${lic.body.id}/events`)).body.data);
    console.log((await app.call('GET', `/admin/licenses/${lic.body.id}/activations`)).body.data);
    console.log((await app.call('GET', `/admin/licenses/${lic.body.id}/validations`)).body.data);
    console.log((await app.call('GET', `/admin/licenses?q=ada`)).body.data);
    console.log((await app.call('GET', `/.well-known/jwks.json`)).body);
    expect(eventually).toBeDefined();
  });
});
