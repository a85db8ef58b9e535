import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './load.ts';

describe('configuration', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'keyledger-config-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const load = (env: Record<string, string> = {}, warn: (message: string) => void = () => undefined) =>
    loadConfig({ KEYLEDGER_DATA: folder, ...env }, { warn, product: [{ name: 'licensing' }] });

  it('has a default for everything', () => {
    expect(load()).toMatchObject({
      host: '127.0.0.1',
      port: 4000,
      public_url: 'http://127.0.0.1:4000',
      database_url: undefined,
      kafka_brokers: undefined,
      rate_limits: 'on',
      trusted_proxies: [],
    });
  });

  it('treats an empty or blank variable as not set', () => {
    const names = ['HOST', 'PORT', 'DATABASE_URL', 'KAFKA_BROKERS', 'KEYLEDGER_RATE_LIMITS'];
    const { settingsOf: _ofNone, ...without } = load();
    for (const text of ['', ' \n']) {
      const { settingsOf: _ofEmpty, ...empty } = load(Object.fromEntries(names.map((name) => [name, text])));
      expect(empty).toEqual(without);
    }
  });

  it('creates a master key once, warns about it, restricts access to it and uses it again', () => {
    const warnings: string[] = [];
    const first = load({}, (message) => warnings.push(message)).master_key;
    const second = load({}, (message) => warnings.push(message)).master_key;
    expect(first).toHaveLength(32);
    expect(second).toEqual(first);
    expect(warnings).toHaveLength(1);
    expect(statSync(join(folder, 'master.key')).mode & 0o077).toBe(0);
  });

  it('accepts a master key in base64 or hex, and does not touch the folder', () => {
    const key = Buffer.alloc(32, 7);
    expect(load({ KEYLEDGER_MASTER_KEY: key.toString('base64') }).master_key).toEqual(key);
    expect(load({ KEYLEDGER_MASTER_KEY: key.toString('hex') }).master_key).toEqual(key);
    expect(() => readFileSync(join(folder, 'master.key'))).toThrow('ENOENT');
  });

  it('accepts the previous master keys, in the given order', () => {
    const [one, two] = [Buffer.alloc(32, 8), Buffer.alloc(32, 9)];
    const given = ` ${one.toString('base64')}, ${two.toString('hex')}`;
    expect(load().previous_master_keys).toEqual([]);
    expect(load({ KEYLEDGER_PREVIOUS_MASTER_KEYS: given }).previous_master_keys).toEqual([one, two]);
  });

  it('accepts secrets from files, with a line break at the end', () => {
    const key = Buffer.alloc(32, 7);
    for (const encoding of ['base64', 'hex'] as const)
      expect(load({ KEYLEDGER_MASTER_KEY: `${key.toString(encoding)}\r\n` }).master_key).toEqual(key);
    expect(load({ KEYLEDGER_METRICS_TOKEN: '\ufefftoken\n' }).metrics_token).toBe('token');
    expect(load({ KEYLEDGER_METRICS_TOKEN: '\n' }).metrics_token).toBeUndefined();
  });

  it('refuses a damaged master key file instead of creating another', () => {
    writeFileSync(join(folder, 'master.key'), 'short\n');
    expect(() => load()).toThrow(ConfigError);
  });

  it.each([
    ['PORT', '70000'],
    ['PORT', '4e3'],
    ['KEYLEDGER_PUBLIC_URL', 'licenses.example.com'],
    ['KEYLEDGER_MASTER_KEY', 'c2hvcnQ='],
    ['KEYLEDGER_PREVIOUS_MASTER_KEYS', `${Buffer.alloc(32, 8).toString('base64')},c2hvcnQ=`],
    ['KEYLEDGER_RATE_LIMITS', 'maybe'],
    ['KEYLEDGER_TRUSTED_PROXIES', '10.0.0.0/8,localhost'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['DATABASE_URL', 'mysql://localhost/keyledger'],
    ['KEYLEDGER_LICENSING_URL', 'licensing:4001'],
  ])('refuses %s=%s with a message that names it', (name, value) => {
    expect(() => load({ [name]: value })).toThrow(new RegExp(name));
  });

  it('says what was given and what to give instead, but never shows a secret', () => {
    expect(() => load({ PORT: '70000' })).toThrow(
      'PORT is "70000": give a whole number from 0 to 65535, or leave it out.',
    );
    expect(() => load({ DATABASE_URL: 'mysql://u:hunter2@localhost/keyledger' })).toThrow(
      /^(?!.*hunter2)DATABASE_URL: /,
    );
  });

  it('refuses to hand out settings that no feature of the process lists', () => {
    class OtherSettings {}
    expect(() => load().settingsOf(OtherSettings)).toThrow('OtherSettings');
  });
});
