import { LicenseClient, type LicenseClientOptions } from '../../libs/client/src/index.ts';
import { DEVICE, newSigner, PRODUCT } from './signer.ts';

const signer = newSigner();

const clientOf = (url: string, options: Partial<LicenseClientOptions> = {}): LicenseClient =>
  new LicenseClient({
    url,
    product: PRODUCT,
    publicKeys: [signer.pem],
    identifier: DEVICE,
    licenseKey: 'ACME-1',
    ...options,
  });

describe('the url of the license server', () => {
  it.each([
    ['https://licenses.example.com', 'https://licenses.example.com'],
    ['https://licenses.example.com/', 'https://licenses.example.com'],
    ['https://licenses.example.com//', 'https://licenses.example.com'],
    ['https://example.com/keyledger', 'https://example.com/keyledger'],
    ['https://example.com/keyledger/', 'https://example.com/keyledger'],
    [' https://example.com/keyledger/\n', 'https://example.com/keyledger'],
    ['https://example.com:8443/a/b/?from=docs#top', 'https://example.com:8443/a/b'],
    ['http://[::1]:4000/', 'http://[::1]:4000'],
  ])('may be %j', async (url, base) => {
    const called: string[] = [];
    const token = newSigner().token({}, {});
    const fetch: typeof globalThis.fetch = async (input) => {
      called.push(new Request(input).url);
      return Response.json({ valid: true, code: 'VALID', token });
    };
    // Without pinned keys the client also fetches the server's.
    await clientOf(url, { fetch, publicKeys: undefined }).verify();
    expect(called).toEqual([`${base}/api/v1/license/verify`, `${base}/.well-known/jwks.json`]);
  });

  it.each(['', 'licenses.example.com', 'ftp://licenses.example.com', 'https://', 'https://ada:secret@example.com'])(
    'is refused when it is %j',
    (url) => {
      expect(() => clientOf(url)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
    },
  );
});
