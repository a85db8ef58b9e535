/**
 * `npm run tour [-- --base URL --key KEY]`: the main job, step by step, as a merchant's engineer would do it. Without
 * `--base` it uses its own temporary instance. It exits with 1 when an answer is not the expected one.
 */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { Webhook } from 'standardwebhooks';
import { startInstance } from '../support/instance.ts';

const { values } = parseArgs({ options: { base: { type: 'string' }, key: { type: 'string' } } });
if ((values.base === undefined) !== (values.key === undefined)) throw new Error('--base and --key go together');

type Json = Record<string, unknown>;

let step = 0;
const tell = (what: string): void => console.log(`\n${++step}. ${what}`);

const show = (answer: unknown): void => {
  const text = JSON.stringify(
    answer,
    (_key, value: unknown) => (typeof value === 'string' && value.length > 90 ? `${value.slice(0, 60)}…` : value),
    2,
  );
  console.log(text.replace(/^/gm, '   '));
};

const expect = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(`not as expected: ${what}`);
  console.log(`   ✓ ${what}`);
};

/** A temporary instance, or the one given by `--base`. */
const open = async (): Promise<{ base: string; key: string; close(): Promise<void> }> => {
  if (values.base !== undefined && values.key !== undefined) {
    return { base: values.base.replace(/\/$/, ''), key: values.key, close: () => Promise.resolve() };
  }
  const instance = await startInstance({ KEYLEDGER_WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8' });
  return { base: instance.url, key: instance.key, close: () => instance.stop() };
};

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A subscriber: keeps what it receives and answers 204. */
const openSink = async () => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const find = async (type: string): Promise<Received> => {
    for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
      const found = received.find(({ body }) => (JSON.parse(body) as Json)['type'] === type);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no webhook ${type} came within 20 s`);
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`, find, close: () => server.close() };
};

const tour = async (base: string, key: string, sink: Awaited<ReturnType<typeof openSink>>): Promise<void> => {
  const call = async (method: string, path: string, body?: Json, expected = 200, anonymous = false): Promise<Json> => {
    console.log(`   ${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`);
    const answer = await fetch(`${base}${path.startsWith('/.') ? '' : '/api/v1'}${path}`, {
      method,
      headers: {
        ...(anonymous ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json = (await answer.json()) as Json;
    show(json);
    expect(answer.status === expected, `answered ${expected}`);
    return json;
  };
  const unique = Date.now().toString(36);

  tell('A product: a desktop program, so it is activated on devices.');
  const product = await call(
    'POST',
    '/admin/products',
    { name: 'Acme Studio', slug: `acme-${unique}`, type: 'desktop', key_prefix: 'ACME' },
    201,
  );

  tell('A subscriber wants to hear of everything that happens to its licenses.');
  const endpoint = await call(
    'POST',
    '/admin/webhooks',
    { product_id: product['id'], url: sink.url, events: ['license.*'] },
    201,
  );

  tell('A plan: a yearly subscription for two devices.');
  const plan = await call(
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

  tell('A license is sold. Its key is shown here, once.');
  const license = await call(
    'POST',
    '/admin/licenses',
    { product_id: product['id'], plan_id: plan['id'], email: 'ada@example.com' },
    201,
  );
  const license_key = license['license_key'];

  tell('The program activates itself on a device, with nothing but the license key.');
  const activated = await call(
    'POST',
    '/license/activate',
    { license_key, identifier: 'workstation-7', label: 'Ada’s desk' },
    201,
    true,
  );

  tell('At each start it verifies.');
  const verified = await call('POST', '/license/verify', { license_key, identifier: 'workstation-7' }, 200, true);
  expect(verified['valid'] === true && verified['code'] === 'VALID', 'the license is VALID');

  tell('Offline, it checks its lease with the public key alone (any JOSE library does).');
  const keys = createLocalJWKSet(
    (await call('GET', '/.well-known/jwks.json', undefined, 200, true)) as unknown as JSONWebKeySet,
  );
  const { payload, protectedHeader } = await jwtVerify(String(activated['token']), keys, {
    algorithms: ['EdDSA'],
    typ: 'lease+jwt',
    audience: String(product['id']),
    subject: String(license['id']),
  });
  show({ protectedHeader, payload });
  expect(payload['status'] === 'active', 'the lease says active, and for how long that may be believed');

  tell('The subscriber has received the sale, and the official Standard Webhooks library verifies it.');
  const delivery = await sink.find('license.created');
  show({ headers: delivery.headers, body: JSON.parse(delivery.body) as Json });
  new Webhook(String(endpoint['secret'])).verify(delivery.body, delivery.headers as Record<string, string>);
  expect(true, 'the signature is good');

  tell('The payment is charged back: the license is suspended.');
  await call('POST', `/admin/licenses/${String(license['id'])}/suspend`, { reason: 'chargeback' });

  tell('The next verification says so.');
  const refused = await call('POST', '/license/verify', { license_key, identifier: 'workstation-7' }, 200, true);
  expect(refused['valid'] === false && refused['code'] === 'SUSPENDED', 'the license is SUSPENDED');

  tell('All of it is in the license’s history.');
  const history = await call('GET', `/admin/licenses/${String(license['id'])}/events`);
  const types = (history['data'] as Json[]).map(({ type }) => type);
  expect(
    JSON.stringify(types) === JSON.stringify(['license.created', 'activation.added', 'license.suspended']),
    'created, activated, suspended',
  );
};

const instance = await open();
const sink = await openSink();
try {
  await tour(instance.base, instance.key, sink);
  console.log('\nThat is the main job. README.md says where to read on.');
} catch (error) {
  console.error(`\n${String(error)}`);
  process.exitCode = 1;
} finally {
  sink.close();
  await instance.close();
}
