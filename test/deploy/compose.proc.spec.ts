import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import pg from 'pg';
import { parse } from 'yaml';
import { PlatformSettings } from '#platform/config/config';
import { loadConfig } from '#platform/config/load';
import { variablesOf } from '#platform/config/setting';
import { serviceNames, services } from '../../apps/keyledger/src/services.ts';
import { freshDatabase } from '../support/postgres.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks: readonly string[];
  readonly [more: string]: unknown;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const example = Object.fromEntries(
  [...read('.env.example').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
);
const APPS = services.map(({ name }) => name);
const SECRETS = ['KEYLEDGER_MASTER_KEY', 'POSTGRES_PASSWORD', ...APPS.map((app) => `${app.toUpperCase()}_DB_PASSWORD`)];

const duration = { type: 'string', pattern: '^[0-9]+(ms|s|m)$' };
const texts = { type: 'array', items: { type: 'string' }, minItems: 1 };
/** The part of the Compose Specification that we use. A key that is not listed is a typing error, or must be added here. */
const SCHEMA = {
  type: 'object',
  required: ['name', 'services', 'networks', 'volumes'],
  properties: {
    name: { type: 'string' },
    networks: { type: 'object' },
    volumes: { type: 'object' },
    services: { type: 'object', additionalProperties: { $ref: '#/$defs/service' } },
  },
  patternProperties: { '^x-': {} },
  additionalProperties: false,
  $defs: {
    service: {
      type: 'object',
      required: ['image', 'healthcheck', 'environment', 'networks', 'restart', 'stop_grace_period'],
      properties: {
        image: { type: 'string' },
        build: { type: 'string' },
        command: texts,
        init: { type: 'boolean' },
        restart: { const: 'unless-stopped' },
        stop_grace_period: duration,
        read_only: { type: 'boolean' },
        tmpfs: texts,
        cap_drop: texts,
        security_opt: texts,
        shm_size: { type: 'string' },
        networks: texts,
        ports: texts,
        volumes: texts,
        environment: { type: 'object', additionalProperties: { type: 'string' } },
        depends_on: {
          type: 'object',
          additionalProperties: {
            type: 'object',
            required: ['condition'],
            properties: { condition: { const: 'service_healthy' } },
            additionalProperties: false,
          },
        },
        healthcheck: {
          type: 'object',
          required: ['test', 'interval', 'timeout', 'retries', 'start_period'],
          properties: {
            test: { ...texts, prefixItems: [{ const: 'CMD' }] },
            interval: duration,
            timeout: duration,
            start_period: duration,
            start_interval: duration,
            retries: { type: 'integer', minimum: 1 },
          },
          additionalProperties: false,
        },
      },
      additionalProperties: false,
    },
  },
};

/** Variables in a text, as Compose writes them: `${NAME}`, `${NAME:-default}`, `${NAME:?complaint}`. */
const variables = (text: string): { name: string; operator: string; rest: string }[] =>
  [...text.matchAll(/\$\{([A-Z_]+)(?:(:[-?])([^}]*))?\}/g)].map(([, name = '', operator = '', rest = '']) => ({
    name,
    operator,
    rest,
  }));
const filledIn = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\$\{([A-Z_]+)(?::([-?])([^}]*))?\}/g, (_all, name: string, operator: string, rest: string) => {
    const value = values[name] ?? '';
    return value === '' && operator === '-' ? rest : value;
  });
const service = (name: string): Service => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no ${name}`);
  return found;
};

describe('docker-compose.yml', () => {
  it('uses only keys of the Compose Specification', () => {
    const validate = new Ajv2020({ allErrors: true, strictTypes: false, strictTuples: false }).compile(SCHEMA);
    expect(validate(compose) ? [] : validate.errors).toEqual([]);
  });

  it('runs every service, PostgreSQL and Kafka, each with a health check', () => {
    expect(Object.keys(compose.services).sort()).toEqual([...APPS, 'kafka', 'postgres'].sort());
    for (const { healthcheck } of Object.values(compose.services)) expect(healthcheck.test.length).toBeGreaterThan(1);
  });

  it.each(APPS)('starts %s by its name, after the services that it needs', (app) => {
    const { command, depends_on, read_only, cap_drop } = service(app);
    expect(command).toEqual(['dist/apps/keyledger/src/main.js', app]);
    expect(Object.keys(depends_on ?? {})).toEqual(expect.arrayContaining(['postgres', 'kafka']));
    expect([read_only, cap_drop]).toEqual([true, ['ALL']]);
  });

  it('gives each service its own role and password', () => {
    const found = APPS.map((app) =>
      /^postgresql:\/\/(\w+):\$\{(\w+):\?/.exec(service(app).environment['DATABASE_URL'] ?? ''),
    );
    expect(found.map((match) => match?.[1])).toEqual(APPS.map((app) => `keyledger_${app}`));
    expect(found.map((match) => match?.[2])).toEqual(APPS.map((app) => `${app.toUpperCase()}_DB_PASSWORD`));
    for (const app of APPS) {
      const others = SECRETS.filter(
        (name) => name.endsWith('_PASSWORD') && name !== `${app.toUpperCase()}_DB_PASSWORD`,
      );
      for (const other of others) expect(JSON.stringify(service(app).environment)).not.toContain(other);
    }
  });

  it.each(services)('gives $name no variable that it does not read', ({ name, settings }) => {
    const read = [PlatformSettings, ...settings].flatMap(variablesOf);
    const addresses = name === 'gateway' ? serviceNames.map((other) => `KEYLEDGER_${other.toUpperCase()}_URL`) : [];
    const given = Object.keys(service(name).environment);
    expect(given.filter((variable) => ![...read, ...addresses].includes(variable))).toEqual([]);
  });

  it('contains no secret: all come from .env, and it does not start without them', () => {
    const all = variables(read('docker-compose.yml'));
    for (const name of SECRETS) {
      const uses = all.filter((use) => use.name === name);
      expect([name, uses.length > 0, uses.every(({ operator }) => operator === ':?')]).toEqual([name, true, true]);
      expect([name, example[name]]).toEqual([name, '']);
    }
    expect(read('.gitignore').split('\n')).toContain('.env');
  });

  it('documents each variable that it reads, and no other', () => {
    const used = new Set(variables(read('docker-compose.yml')).map(({ name }) => name));
    expect(Object.keys(example).sort()).toEqual([...used].sort());
  });

  it('publishes only the port of the gateway', () => {
    const open = Object.entries(compose.services).filter(([, { ports }]) => ports !== undefined);
    expect(open.map(([name]) => name)).toEqual(['gateway']);
    expect(compose.networks['inside']).toEqual({ internal: true });
    const outside = Object.entries(compose.services).filter(([, { networks }]) => networks.includes('outside'));
    expect(outside.map(([name]) => name)).toEqual(['gateway', 'licensing', 'billing', 'webhooks']);
    for (const { networks } of Object.values(compose.services)) {
      expect(Object.keys(compose.networks)).toEqual(expect.arrayContaining([...networks]));
    }
  });

  it('keeps permanent data in volumes', () => {
    const named = Object.values(compose.services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0] ?? ''),
    );
    expect(named.filter((name) => !name.startsWith('.')).sort()).toEqual(Object.keys(compose.volumes).sort());
    for (const path of named.filter((name) => name.startsWith('.'))) expect(existsSync(join(ROOT, path))).toBe(true);
  });

  it.each(APPS)('configures %s so that it starts', (app) => {
    const secrets = { ...example, ...Object.fromEntries(SECRETS.map((name) => [name, 'ab'.repeat(32)])) };
    const env = Object.fromEntries(
      Object.entries(service(app).environment).map(([name, value]) => [name, filledIn(value, secrets)]),
    );
    const warnings: string[] = [];
    const running = services.filter(({ name }) => name === app);
    const warn = (message: string): number => warnings.push(message);
    const config = loadConfig(env, { warn, services: running, product: services });
    expect([config.host, config.port, config.kafka_brokers, warnings]).toEqual(['0.0.0.0', 4000, ['kafka:9092'], []]);
    if (app === 'gateway') {
      const addresses = serviceNames.map((name) => [name, `http://${name}:4000`]);
      expect(config.service_urls).toMatchObject(Object.fromEntries(addresses));
    }
  });

  const works = spawnSync('docker', ['compose', 'version']).status === 0;
  (works ? it : it.skip)('is understood by docker compose', () => {
    const env = { ...process.env, ...Object.fromEntries(SECRETS.map((name) => [name, 'x'])) };
    const { status, stderr } = spawnSync('docker', ['compose', 'config', '--quiet'], {
      cwd: ROOT,
      env,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });
});

describe('the roles of deploy/postgres', () => {
  const sql = read('deploy/postgres/roles.sql');

  it('take every password from the environment of the PostgreSQL container', () => {
    const taken = [...sql.matchAll(/^\\getenv \w+ (\w+)$/gm)].map(([, name]) => name);
    expect(taken).toEqual(APPS.map((app) => `${app.toUpperCase()}_DB_PASSWORD`));
    const given = service('postgres').environment;
    for (const name of taken) expect(given[name ?? '']).toBe(`\${${name}:?give one in .env}`);
  });

  it('own their schema and have no access to others', async () => {
    const database = await freshDatabase();
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    const name = new URL(database.url).pathname.slice(1);
    const asPsqlWould = sql
      .replace(/^\\getenv .*$/gm, '')
      .replace(/:'(\w+)'/g, (_all, variable: string) => pg.escapeLiteral(variable))
      .replaceAll('database keyledger', `database ${pg.escapeIdentifier(name)}`);
    try {
      await admin.query(asPsqlWould);
      const url = new URL(database.url);
      url.username = 'keyledger_licensing';
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      await client.query('create table licensing.mine (n int)');
      await expect(client.query('create table billing.theirs (n int)')).rejects.toThrow(/permission denied/);
      await expect(client.query('create table public.ours (n int)')).rejects.toThrow(/permission denied/);
      await expect(client.query('create schema another')).rejects.toThrow(/permission denied/);
      await client.end();
      const { rows } = await admin.query(
        `select count(*)::int as roles, count(distinct rolpassword)::int as passwords, bool_or(rolsuper or rolcreaterole or rolcreatedb) as mighty
           from pg_authid where rolname like 'keyledger_%'`,
      );
      expect(rows).toEqual([{ roles: APPS.length, passwords: APPS.length, mighty: false }]);
    } finally {
      const roles = APPS.map((app) => `keyledger_${app}`).join(', ');
      await admin.query(`drop owned by ${roles} cascade`);
      await admin.query(`drop role ${roles}`);
      await admin.end();
      await database.drop();
    }
  });
});
