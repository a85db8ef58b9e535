import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import { masterKey, previousMasterKeys } from './master-key.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads and validates the environment. Every variable has a default that works on one machine; an empty variable counts as
 * not set.
 * @param neighbors names of the services whose addresses are read, each from `KEYLEDGER_<NAME>_URL`
 * @throws ConfigError naming the variable and the remedy
 */
export const loadConfig = (
  env: Env = process.env,
  warn: (message: string) => void = console.warn,
  neighbors: readonly string[] = [],
): Config => {
  const host = env['HOST'] || '127.0.0.1';
  const port = integer(env, 'PORT', 4000, 0, 65_535);
  const data_dir = resolve(env['KEYLEDGER_DATA'] || './data');
  return {
    host,
    port,
    public_url: url(env, 'KEYLEDGER_PUBLIC_URL', `http://${host.includes(':') ? `[${host}]` : host}:${port}`),
    data_dir,
    database_url: databaseUrl(env, 'DATABASE_URL'),
    migration_database_url: databaseUrl(env, 'KEYLEDGER_MIGRATION_DATABASE_URL'),
    kafka_brokers: list(env, 'KAFKA_BROKERS'),
    master_key: masterKey(env['KEYLEDGER_MASTER_KEY'], data_dir, warn),
    previous_master_keys: previousMasterKeys(list(env, 'KEYLEDGER_PREVIOUS_MASTER_KEYS')),
    bootstrap_api_key: secret(env, 'KEYLEDGER_BOOTSTRAP_API_KEY'),
    webhook_allow_cidrs: cidrs(env, 'KEYLEDGER_WEBHOOK_ALLOW_CIDRS'),
    webhook_proxy: proxyUrl(env, 'KEYLEDGER_WEBHOOK_PROXY'),
    webhook_retention_days: integer(env, 'KEYLEDGER_WEBHOOK_RETENTION_DAYS', 30, 1, 3_650),
    trusted_proxies: cidrs(env, 'KEYLEDGER_TRUSTED_PROXIES'),
    test_clock: oneOf(env, 'KEYLEDGER_TEST_CLOCK', ['on', 'off'], 'off'),
    rate_limits: oneOf(env, 'KEYLEDGER_RATE_LIMITS', ['on', 'off'], 'on'),
    rate_limit_per_api_key: integer(env, 'KEYLEDGER_RATE_LIMIT_PER_API_KEY', 2_000, 1, 1_000_000),
    rate_limit_per_license: integer(env, 'KEYLEDGER_RATE_LIMIT_PER_LICENSE', 1_000, 1, 1_000_000),
    log_level: oneOf(env, 'KEYLEDGER_LOG_LEVEL', ['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'info'),
    metrics_token: secret(env, 'KEYLEDGER_METRICS_TOKEN'),
    smtp_url: smtpUrl(env, 'KEYLEDGER_SMTP_URL'),
    mail_from: mailAddress(env, 'KEYLEDGER_MAIL_FROM', 'keyledger@localhost'),
    operator_email: optionalMail(env, 'KEYLEDGER_OPERATOR_EMAIL'),
    invite_url: optionalUrl(env, 'KEYLEDGER_INVITE_URL'),
    otlp_endpoint: optionalUrl(env, 'OTEL_EXPORTER_OTLP_ENDPOINT'),
    service_urls: Object.fromEntries(
      neighbors.map((name) => [name, optionalUrl(env, `KEYLEDGER_${name.toUpperCase()}_URL`)]),
    ),
  };
};

/** A secret without the line break that its file ends in. */
const secret = (env: Env, name: string): string | undefined => env[name]?.trim() || undefined;

const integer = (env: Env, name: string, fallback: number, min: number, max: number): number => {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new ConfigError(
      `${name} is "${text}": give a whole number from ${min} to ${max}, or leave it out for ${fallback}.`,
    );
  }
  return value;
};

const oneOf = <const T extends string>(env: Env, name: string, values: readonly T[], fallback: T): T => {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const found = values.find((value) => value === text);
  if (found === undefined) throw new ConfigError(`${name} is "${text}": give one of ${values.join(', ')}.`);
  return found;
};

const list = (env: Env, name: string): readonly string[] | undefined => {
  const items = (env[name] ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  return items.length === 0 ? undefined : items;
};

const optionalUrl = (env: Env, name: string): string | undefined => {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new ConfigError(`${name} is "${text}": give an address such as https://licenses.example.com.`);
  }
  return text.replace(/\/+$/, '');
};

const url = (env: Env, name: string, fallback: string): string => optionalUrl(env, name) ?? fallback;

const databaseUrl = (env: Env, name: string): string | undefined => {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (!/^postgres(ql)?:\/\//.test(text)) {
    throw new ConfigError(`${name} must start with postgresql://, or be left out for the embedded PostgreSQL.`);
  }
  return text;
};

const smtpUrl = (env: Env, name: string): string | undefined => {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  // Not quoted: it may hold a password.
  if (!/^smtps?:\/\//.test(text) || !URL.canParse(text) || new URL(text).hostname === '') {
    throw new ConfigError(
      `${name} must look like smtps://user:password@mail.example.com:465, or be left out: mails then become files.`,
    );
  }
  return text;
};

const proxyUrl = (env: Env, name: string): string | undefined => {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  // Not quoted: it may hold a password.
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new ConfigError(`${name} must look like http://user:password@proxy.example.com:3128, or be left out.`);
  }
  return text;
};

const optionalMail = (env: Env, name: string): string | undefined =>
  env[name] ? mailAddress(env, name, '') : undefined;

const mailAddress = (env: Env, name: string, fallback: string): string => {
  const text = env[name] || fallback;
  if (!/^[^\s@<>,;:"]+@[^\s@<>,;:"]+$/.test(text)) {
    throw new ConfigError(`${name} is "${text}": give a bare address such as licenses@example.com.`);
  }
  return text;
};

const cidrs = (env: Env, name: string): readonly string[] => {
  const items = list(env, name) ?? [];
  for (const item of items) {
    if (!ipaddr.isValidCIDR(item)) {
      throw new ConfigError(`${name} holds "${item}": give networks such as 10.1.0.0/16,fd00::/8.`);
    }
  }
  return items;
};
