import { hkdfSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/** Access rules: the superuser only through the private socket, without a password; every service with its password. */
const HBA = `local all postgres trust
local all all scram-sha-256
`;

/**
 * Gives each service two roles with their own passwords, in a database where no other role has rights. One role owns the
 * service's schema and migrates it; the service works with the other. So a service reads and writes only its own data, and
 * a bug in it cannot change an event.
 *
 * @param {string} url of the superuser, for the database that the services share
 * @param {string} directory PostgreSQL's data directory
 * @param {Uint8Array} masterKey passwords are derived from it, so that none has to be stored
 * @param {readonly string[]} services
 * @returns {Promise<Map<string, {work: string, migration: string}>>} the addresses of the database for each service
 */
export const prepareRoles = async (url, directory, masterKey, services) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await writeFile(join(directory, 'pg_hba.conf'), HBA);
    await client.query('select pg_reload_conf()');
    const database = pg.escapeIdentifier(new URL(url).pathname.slice(1));
    await client.query(`revoke all on database ${database} from public`);
    await client.query('revoke all on schema public from public');
    const urls = new Map();
    for (const service of services) {
      const [worker, owner] = [`keyledger_${service}`, `keyledger_${service}_owner`];
      for (const role of [worker, owner]) {
        await ensureRole(client, role, passwordOf(masterKey, role));
        await client.query(`grant connect on database ${database} to ${pg.escapeIdentifier(role)}`);
      }
      await client.query(
        `create schema if not exists ${pg.escapeIdentifier(service)} authorization ${pg.escapeIdentifier(owner)}`,
      );
      // In an older data folder, the worker role still owns the tables.
      await client.query(`reassign owned by ${pg.escapeIdentifier(worker)} to ${pg.escapeIdentifier(owner)}`);
      const address = (role) => addressFor(url, role, passwordOf(masterKey, role));
      urls.set(service, { work: address(worker), migration: address(owner) });
    }
    return urls;
  } finally {
    await client.end();
  }
};

const passwordOf = (masterKey, role) =>
  Buffer.from(hkdfSync('sha256', masterKey, '', `keyledger database password of ${role}`, 24)).toString('base64url');

const ensureRole = async (client, role, password) => {
  const { rows } = await client.query('select from pg_roles where rolname = $1', [role]);
  const verb = rows.length === 0 ? 'create' : 'alter';
  await client.query(
    `${verb} role ${pg.escapeIdentifier(role)} with login nosuperuser nocreatedb nocreaterole password ${pg.escapeLiteral(password)}`,
  );
};

const addressFor = (url, role, password) => {
  const address = new URL(url);
  address.username = role;
  address.password = password;
  return address.href;
};
