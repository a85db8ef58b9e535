import { hkdfSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/** Who may come in: the superuser by the socket alone, which only we can reach; every service with its password. */
const HBA = `local all postgres trust
local all all scram-sha-256
`;

/**
 * Gives each service a role and a password of its own and a schema that it owns, in a database where nobody else may
 * do anything: a service that was broken into reads and writes what is its own, and nothing of the others'.
 *
 * @param {string} url of the superuser, for the database that the services share
 * @param {string} directory PostgreSQL's data directory
 * @param {Uint8Array} masterKey passwords are derived from it, so that none has to be kept
 * @param {readonly string[]} services
 * @returns {Promise<Map<string, string>>} the address of the database for each service
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
      const role = `keyledger_${service}`;
      const password = passwordOf(masterKey, service);
      await ensureRole(client, role, password);
      await client.query(`grant connect on database ${database} to ${pg.escapeIdentifier(role)}`);
      await client.query(
        `create schema if not exists ${pg.escapeIdentifier(service)} authorization ${pg.escapeIdentifier(role)}`,
      );
      urls.set(service, addressFor(url, role, password));
    }
    return urls;
  } finally {
    await client.end();
  }
};

const passwordOf = (masterKey, service) =>
  Buffer.from(hkdfSync('sha256', masterKey, '', `keyledger database password ${service}`, 24)).toString('base64url');

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
