import { createPublicKey, verify } from 'node:crypto';
import { verifyAsync } from '@noble/ed25519';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { eventually } from '../support/app.ts';
import { type Received, type Sink, startSink, startWebhooks, type Webhooks } from './harness.ts';

const signaturesOf = ({ headers }: Received): string[] => String(headers['webhook-signature']).split(' ');
const signedOf = ({ id, headers, body }: Received): Buffer =>
  Buffer.from(`${id}.${String(headers['webhook-timestamp'])}.${body}`);
const bytesOf = (publicKey: string): Buffer => Buffer.from(publicKey.replace('whpk_', ''), 'base64');

/** By OpenSSL, and by a JavaScript implementation that shares no code with it. */
const verifiesV1a = async (publicKey: string, received: Received): Promise<[boolean, boolean]> => {
  const x = bytesOf(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const signatures = signaturesOf(received).flatMap((one) =>
    one.startsWith('v1a,') ? [Buffer.from(one.slice(4), 'base64')] : [],
  );
  const byOpenSsl = signatures.some((signature) => verify(null, signedOf(received), key, signature));
  const byNoble = await Promise.all(
    signatures.map((signature) => verifyAsync(signature, signedOf(received), bytesOf(publicKey))),
  );
  return [byOpenSsl, byNoble.some((good) => good)];
};

describe('signatures of a delivery', () => {
  let app: Webhooks;
  let sink: Sink;
  beforeAll(async () => {
    app = await startWebhooks();
    sink = await startSink();
  });
  afterAll(async () => {
    await app.close();
    await sink.close();
  });
  const receipt = async (path: string): Promise<Received> => {
    const event = await app.suspend();
    return eventually(() => sink.received.find((one) => one.id === event && one.path === `/hooks/${path}`));
  };

  it('are verified by both official libraries, also while one secret replaces another', async () => {
    const { id, secret } = await app.webhook(`${sink.url}/both`);
    const { body: rotated } = await app.call('POST', `/admin/webhooks/${id}/rotate-secret`);
    const got = await receipt('both');
    expect(signaturesOf(got)).toHaveLength(2);
    for (const one of [secret, rotated.secret as string]) {
      const headers = got.headers as Record<string, string>;
      expect(new StandardWebhook(one).verify(got.body, headers)).toMatchObject({ id: got.id });
      expect(new SvixWebhook(one).verify(got.body, headers)).toMatchObject({ id: got.id });
    }
  });

  it('are verified by the public key if they are Ed25519, also while one key replaces another', async () => {
    const { id } = await app.webhook(`${sink.url}/v1a`, { signatures: ['v1a'] });
    const { body: before } = await app.call('GET', `/admin/webhooks/${id}`);
    const first = await receipt('v1a');
    expect(signaturesOf(first)).toEqual([expect.stringMatching(/^v1a,/)]);
    expect(await verifiesV1a(before.public_key, first)).toEqual([true, true]);
    const { body: rotated } = await app.call('POST', `/admin/webhooks/${id}/rotate-secret`);
    const { body: after } = await app.call('GET', `/admin/webhooks/${id}`);
    expect(after.public_key).toBe(rotated.public_key);
    expect(rotated.public_key).not.toBe(before.public_key);
    const second = await receipt('v1a');
    for (const key of [before.public_key, after.public_key])
      expect(await verifiesV1a(key, second)).toEqual([true, true]);
    expect(await verifiesV1a(after.public_key, first)).toEqual([false, false]);
  });

  it('of both kinds are sent together, and each library finds its own', async () => {
    const { id, secret } = await app.webhook(`${sink.url}/mixed`, {
      signatures: ['v1', 'v1a'],
      payload_format: 'plain',
    });
    const { body } = await app.call('GET', `/admin/webhooks/${id}`);
    const got = await receipt('mixed');
    expect(await verifiesV1a(body.public_key, got)).toEqual([true, true]);
    const headers = got.headers as Record<string, string>;
    for (const library of [StandardWebhook, SvixWebhook]) {
      expect(new library(secret).verify(got.body, headers)).toMatchObject({ type: 'license.suspended' });
    }
  });
});
