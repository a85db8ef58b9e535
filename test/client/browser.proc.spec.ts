import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as driver, type Page } from 'playwright-core';
import { type Merchant, openMerchant } from './merchant.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = `<!doctype html><script type="importmap">{"imports": {
  "@keyledger/client": "/dist/libs/client/src/index.js",
  "@noble/ed25519": "/node_modules/@noble/ed25519/index.js"
}}</script>`;

/** A merchant's site, on a different origin from the license server. */
const openSite = async (): Promise<{ server: Server; url: string }> => {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://site').pathname);
    if (path === '/') {
      response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
      return;
    }
    readFile(join(ROOT, path)).then(
      (bytes) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
};

/** The browser is part of an npm package, which supports this platform only. */
const [describeHere, why] =
  process.platform === 'linux' && process.arch === 'x64' ? [describe] : [describe.skip, ' (needs Linux on x64)'];

describeHere(`a page in a browser${why ?? ''}`, () => {
  let merchant: Merchant;
  let site: Awaited<ReturnType<typeof openSite>>;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [merchant, site] = await Promise.all([openMerchant(), openSite()]);
    browser = await driver.launch({ executablePath: await chromium.executablePath(), args: chromium.args });
    page = await browser.newPage();
    await page.goto(site.url);
  });
  afterAll(async () => {
    await browser.close();
    site.server.close();
    await merchant.close();
  });

  /** Runs code in the page with a client that uses localStorage. The code is passed as text. */
  const inPage = (body: string): Promise<unknown> =>
    page.evaluate(`(async () => {
      const { LicenseClient, webStorage } = await import('@keyledger/client');
      const client = new LicenseClient({
        url: ${JSON.stringify(merchant.url)},
        product: ${JSON.stringify(merchant.product)},
        publicKeys: [${JSON.stringify(merchant.pem)}],
        storage: webStorage(),
        timeoutMs: 20_000,
      });
      ${body}
    })()`);

  it('activates, verifies, works offline after a reload, and receives a refusal', async () => {
    const { id, key } = await merchant.license(await merchant.plan());
    expect(await inPage('return client.activate("ACME-WRONG")')).toMatchObject({
      valid: false,
      code: 'LICENSE_NOT_FOUND',
    });
    expect(await inPage(`return client.activate(${JSON.stringify(key)})`)).toMatchObject({
      valid: true,
      mode: 'online',
    });
    expect(await inPage('return client.verify()')).toMatchObject({ valid: true, mode: 'online', license: { id } });
    await merchant.stop();
    await page.reload();
    expect(await inPage('return client.verify()')).toMatchObject({ valid: true, mode: 'offline' });
    await merchant.start();
    await merchant.admin('POST', `/admin/licenses/${id}/suspend`, {});
    expect(await inPage('return client.verify()')).toMatchObject({ valid: false, mode: 'online', code: 'SUSPENDED' });
  });

  it('notices that the clock was set back', async () => {
    const { key } = await merchant.license(await merchant.plan());
    await inPage(`return client.activate(${JSON.stringify(key)})`);
    await merchant.stop();
    const back =
      'const real = Date.now; Date.now = () => real() - 86400000; try { return await client.verify() } finally { Date.now = real }';
    expect(await inPage(back)).toMatchObject({ valid: false, code: 'CLOCK_TURNED_BACK' });
    await merchant.start();
  });
});
