#!/usr/bin/env node
/**
 * A command-line program with a license:
 *
 *     acme-render activate ACME-XXXX-…    activates this device
 *     acme-render render FILE             works online and offline
 *     acme-render status                  shows whether the license is valid
 *     acme-render deactivate              deactivates this device
 */
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { fileStorage, LicenseClient } from '@keyledger/client/node';

// In a shipped program these are constants; the public key is the content of /.well-known/keyledger.pem.
const { ACME_LICENSE_SERVER: url, ACME_PRODUCT: product, ACME_PUBLIC_KEY: publicKey } = process.env;

const client = new LicenseClient({
  url,
  product,
  publicKeys: [publicKey],
  version: '1.0.0',
  storage: fileStorage(process.env.ACME_STATE ?? join(homedir(), '.acme-render')),
});

/** Prints a verdict. @returns the exit code for scripts: 0 = licensed, 2 = not licensed */
const tell = ({ valid, mode, code, reason, until }) => {
  console.log(valid ? `Licensed (${mode}), until ${until.toISOString()}.` : `Not licensed: ${code}. ${reason}`);
  return valid ? 0 : 2;
};

const commands = {
  activate: async (key) => tell(await client.activate(key, { label: hostname() })),
  status: async () => tell(await client.verify()),
  deactivate: async () => {
    const { done, reason } = await client.deactivate();
    console.log(reason);
    return done ? 0 : 2;
  },
  render: async (file) => {
    const verdict = await client.verify();
    if (!verdict.valid) return tell(verdict);
    console.log(`Rendered ${file}.`);
    // Stored on disk at once, and sent when the server can be reached: now or in a later run.
    await client.usage.record('renders', 1, { metadata: { file } });
    return 0;
  },
};

const [name = 'status', argument] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  console.error(`acme-render ${Object.keys(commands).join(' | ')}`);
  process.exitCode = 64;
} else {
  process.exitCode = await command(argument);
  await client.close();
}
