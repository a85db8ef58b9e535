import { Controller } from '@nestjs/common';
import Type from 'typebox';
import { Answer, type Call, Endpoint, endpoint } from '#platform/http/endpoint';
import { StrictObject } from '#platform/http/schemas';
import { SigningKeys } from './signing-keys.ts';

const CACHE = { 'cache-control': 'public, max-age=300' };

const jwks = endpoint({
  method: 'GET',
  path: '/.well-known/jwks.json',
  root: true,
  operation: 'readJwks',
  tag: 'Keys',
  summary: 'Public keys of leases and signed license keys (RFC 7517)',
  auth: 'public',
  answers: {
    200: {
      description: 'The key set.',
      schema: StrictObject({ keys: Type.Array(Type.Record(Type.String(), Type.String())) }),
    },
  },
  problems: [],
});

const pem = endpoint({
  method: 'GET',
  path: '/.well-known/keyledger.pem',
  root: true,
  operation: 'readPublicKeysPem',
  tag: 'Keys',
  summary: 'The same keys in PEM',
  auth: 'public',
  answers: { 200: { description: 'One block per key.', schema: Type.String(), media: 'application/x-pem-file' } },
  problems: [],
});

@Controller()
export class WellKnownController {
  constructor(private readonly keys: SigningKeys) {}

  @Endpoint(jwks)
  async jwks(_call: Call<typeof jwks>): Promise<Answer> {
    return new Answer(200, { keys: await this.keys.published() }, CACHE);
  }

  @Endpoint(pem)
  async pem(_call: Call<typeof pem>): Promise<Answer> {
    return new Answer(200, await this.keys.pem(), { ...CACHE, 'content-type': 'application/x-pem-file' });
  }
}
