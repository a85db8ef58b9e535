import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config-error.ts';

const BYTES = 32;

/**
 * The 32-byte master key: KEYLEDGER_MASTER_KEY (64 hex digits or base64), else the one in `<data>/master.key`, else a new one
 * that is written there. Sealed secrets cannot be opened without it, hence the warning.
 */
export const masterKey = (given: string | undefined, dataDir: string, warn: (message: string) => void): Uint8Array => {
  if (given?.trim()) return parse(given, 'KEYLEDGER_MASTER_KEY');
  const file = join(dataDir, 'master.key');
  const kept = readIfThere(file);
  if (kept !== undefined) return parse(kept, file);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  createOnce(file, `${randomBytes(BYTES).toString('base64')}\n`);
  warn(
    `A master key was made in ${file}. It seals license keys and signing keys: back it up, ` +
      'or set KEYLEDGER_MASTER_KEY to a key of your own (openssl rand -base64 32).',
  );
  return parse(readFileSync(file, 'utf8'), file);
};

/** Earlier master keys, in base64 or hex. */
export const previousMasterKeys = (given: readonly string[] = []): readonly Uint8Array[] =>
  given.map((text) => parse(text, 'each of KEYLEDGER_PREVIOUS_MASTER_KEYS'));

/** @param given with or without the line break at the end of a secret file */
const parse = (given: string, origin: string): Uint8Array => {
  const text = given.trim();
  const bytes = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  if (bytes.length !== BYTES) {
    throw new ConfigError(`${origin} must be 32 bytes in base64 or hex; make one with: openssl rand -base64 32`);
  }
  return bytes;
};

const readIfThere = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/** Writes and syncs a draft, then links it: a crash leaves no partial key, and of two processes one wins. */
const createOnce = (file: string, text: string): void => {
  const draft = `${file}.${process.pid}.new`;
  const handle = openSync(draft, 'w', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
};
