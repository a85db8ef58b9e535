import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import type { Guide, Json, Sink } from './guide.ts';

/** A license is sold, activated, verified online and offline, and suspended. */
export const licensingTour = async (guide: Guide, sink: Sink): Promise<void> => {
  const unique = Date.now().toString(36);

  guide.tell('A product: a desktop program, so it is activated on devices.');
  const product = await guide.call(
    'POST',
    '/admin/products',
    { name: 'Acme Studio', slug: `acme-${unique}`, type: 'desktop', key_prefix: 'ACME' },
    201,
  );

  guide.tell('A subscriber wants to hear of everything that happens to its licenses.');
  const endpoint = await guide.call(
    'POST',
    '/admin/webhooks',
    { product_id: product['id'], url: sink.url, events: ['license.*'] },
    201,
  );

  guide.tell('A plan: a yearly subscription for two devices.');
  const plan = await guide.call(
    'POST',
    '/admin/plans',
    {
      product_id: product['id'],
      name: 'Pro, yearly',
      slug: 'pro-yearly',
      license_type: 'subscription',
      license_model: 'standard',
      billing_interval: 'year',
      max_activations: 2,
    },
    201,
  );

  guide.tell('A license is sold. Its key is shown here, once.');
  const license = await guide.call(
    'POST',
    '/admin/licenses',
    { product_id: product['id'], plan_id: plan['id'], email: 'ada@example.com' },
    201,
  );
  const license_key = license['license_key'];

  guide.tell('The program activates itself on a device, with nothing but the license key.');
  const activated = await guide.call(
    'POST',
    '/license/activate',
    { license_key, identifier: 'workstation-7', label: 'Ada’s desk' },
    201,
    true,
  );

  guide.tell('At each start it verifies.');
  const verified = await guide.call('POST', '/license/verify', { license_key, identifier: 'workstation-7' }, 200, true);
  guide.expect(verified['valid'] === true && verified['code'] === 'VALID', 'the license is VALID');

  guide.tell('Offline, it checks its lease with the public key alone (any JOSE library does).');
  const keys = createLocalJWKSet(
    (await guide.call('GET', '/.well-known/jwks.json', undefined, 200, true)) as unknown as JSONWebKeySet,
  );
  const { payload, protectedHeader } = await jwtVerify(String(activated['token']), keys, {
    algorithms: ['EdDSA'],
    typ: 'lease+jwt',
    audience: String(product['id']),
    subject: String(license['id']),
  });
  guide.show({ protectedHeader, payload });
  guide.expect(payload['status'] === 'active', 'the lease says active, and for how long that may be believed');

  guide.tell('The subscriber has received the sale, and the official Standard Webhooks library verifies it.');
  guide.show(await sink.verified(String(endpoint['secret']), 'license.created'));
  guide.expect(true, 'the signature is good');

  guide.tell('The payment is charged back: the license is suspended.');
  await guide.call('POST', `/admin/licenses/${String(license['id'])}/suspend`, { reason: 'chargeback' });

  guide.tell('The next verification says so.');
  const refused = await guide.call('POST', '/license/verify', { license_key, identifier: 'workstation-7' }, 200, true);
  guide.expect(refused['valid'] === false && refused['code'] === 'SUSPENDED', 'the license is SUSPENDED');

  guide.tell('All of it is in the license’s history.');
  const history = await guide.call('GET', `/admin/licenses/${String(license['id'])}/events`);
  const types = (history['data'] as Json[]).map(({ type }) => type);
  guide.expect(
    JSON.stringify(types) === JSON.stringify(['license.created', 'activation.added', 'license.suspended']),
    'created, activated, suspended',
  );
};
