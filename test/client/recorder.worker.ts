/** Records usage until it is killed, and prints a line for each record: node recorder.worker.ts URL PEM FOLDER [flush] */
import { fileStorage, LicenseClient } from '@keyledger/client/node';
import { DEVICE, PRODUCT } from './signer.ts';

const [, , url = '', pem = '', folder = '', flush] = process.argv;
const client = new LicenseClient({
  url,
  product: PRODUCT,
  publicKeys: [pem],
  identifier: DEVICE,
  licenseKey: 'ACME-1',
  storage: fileStorage(folder),
});

if (flush === undefined) {
  for (let n = 1; ; n++) console.log(`kept ${await client.usage.record('export', n)} ${n}`);
}
for (;;) {
  const { pending } = await client.usage.flush();
  if (pending === 0) break;
}
console.log('empty');
