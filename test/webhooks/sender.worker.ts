/** A sender alone in a process, so that a test can kill it: node --experimental-transform-types sender.worker.ts DATABASE_URL */
import pg from 'pg';
import { refusedAddresses } from '../../apps/webhooks/src/sending/addresses.ts';
import { Sender } from '../../apps/webhooks/src/sending/sender.ts';
import { defaultSettings } from '../../apps/webhooks/src/sending/settings.ts';

const [, , connectionString = ''] = process.argv;
/** The signatures are not verified in these tests. */
const secret = Buffer.from(`whsec_${Buffer.alloc(32, 1).toString('base64')}`);

new Sender({
  pool: new pg.Pool({ connectionString, options: '-c search_path=webhooks', pipeline: true }),
  settings: { ...defaultSettings, lease: 1_000, poll: 50 },
  refused: refusedAddresses(['127.0.0.0/8']),
  masterKey: { open: () => secret },
  onGone: () => Promise.reject(new Error('no endpoint answered 410')),
  onError: (error, what) => console.error(what, error),
}).start();
