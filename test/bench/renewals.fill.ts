import pg from 'pg';
import { customerStream } from '#domain/billing/customer/customer';
import { periodBoundary } from '#domain/shared/calendar';
import { PersonalData } from '#events/store/personal';
import type { EventData } from '#events/store/upcast';
import { openKeyRing } from '#platform/crypto/key-ring';
import { keyWrapper } from '#platform/crypto/key-wrapper';
import { createMasterKey } from '#platform/crypto/master-key';
import type { Instance } from '../support/instance.ts';

/** A subscription that was made and paid through HTTP, with its customer. */
export interface Template {
  readonly subscription: string;
  readonly customer: string;
  readonly product: string;
  readonly plan: string;
}

/** How many copies are written at once. */
const BATCH = 5_000;

/** A seller in Germany, its tax, a monthly plan that is paid by invoice, and one subscriber who has paid. */
export const makeTemplate = async ({ send, post }: Instance): Promise<Template> => {
  const address = { line1: 'Unter den Linden 1', city: 'Berlin', postal_code: '10117', country: 'DE' };
  const seller = { legal_name: 'Seller GmbH', address, tax: { provider: 'rates' } };
  await send('PUT', '/api/v1/admin/organization', seller);
  const rate = { country: 'DE', rate: '19', name: 'USt', valid_from: '2020-01-01T00:00:00.000Z' };
  await send('PUT', '/api/v1/admin/tax-rates', [rate]);
  const product = await post('/api/v1/admin/products', { name: 'Bench', slug: 'bench', type: 'saas' });
  const plan = await post('/api/v1/admin/plans', {
    product_id: product['id'],
    name: 'Pro',
    slug: 'pro',
    license_type: 'subscription',
    license_model: 'standard',
    activate_on: 'invoice',
  });
  const of = { plan_id: plan['id'], currency: 'eur', interval: 'month' };
  const price = await post('/api/v1/admin/prices', { ...of, amount: 2_900 });
  const profile = { email: 'ada@example.com', name: 'Ada Lovelace', company: 'Acme GmbH', address, locale: 'de' };
  const customer = await post('/api/v1/admin/customers', profile);
  const asked = { subscriber: 'acme/ada', email: profile.email, price_id: price['id'], customer_id: customer['id'] };
  const subscription = await post('/api/v1/subscriptions', asked);
  await post(`/api/v1/admin/invoices/${String(subscription['latest_invoice_id'])}/mark-paid`, { method: 'transfer' });
  const [subscription_id, customer_id, product_id, plan_id] = [subscription, customer, product, plan].map(({ id }) =>
    String(id),
  );
  return {
    subscription: subscription_id ?? '',
    customer: customer_id ?? '',
    product: product_id ?? '',
    plan: plan_id ?? '',
  };
};

/** The id of a copy. Ids of later fillings sort behind. */
const numbered = (prefix: string, n: number): string => `${prefix}_${String(n).padStart(26, '0')}`;

/**
 * Copies the subscription of a template with its customer, whose personal data is sealed under a key of its own. A month has
 * passed for the copies: their renewal is due. The processes of the database are stopped meanwhile, and know the copies when they
 * start.
 */
export const fill = async (
  databaseUrl: string,
  template: Template,
  [from, to]: readonly [number, number],
  master: Uint8Array,
): Promise<void> => {
  const pool = new pg.Pool({ connectionString: databaseUrl, options: '-c search_path=billing', max: 2 });
  const masters = [createMasterKey(master)] as const;
  const ring = await openKeyRing({
    pool,
    schema: 'billing',
    masters,
    onError: (error) => {
      throw error;
    },
  });
  try {
    const personal = new PersonalData(pool, keyWrapper(ring), [customerStream]);
    const { rows: created } = await pool.query<{ id: string; data: EventData }>(
      'select id, data from events where stream_id = $1 and version = 1',
      [template.customer],
    );
    await personal.open(created);
    for (let at = from; at < to; at += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, to - at) }, (_, n) => at + n);
      await copyCustomers(pool, personal, template, created[0]?.data ?? {}, numbers);
      await copySubscriptions(pool, template, numbers);
    }
    for (const table of ['events', 'customers', 'subscriptions', 'person_keys'])
      await pool.query(`vacuum analyze ${table}`);
    await pool.query(`update checkpoints set position = (select max(position) from events) where source = 'billing'`);
    await pool.query('checkpoint');
  } finally {
    await ring.close();
    await pool.end();
  }
};

const copyCustomers = async (
  pool: pg.Pool,
  personal: PersonalData,
  { customer }: Template,
  created: EventData,
  numbers: readonly number[],
): Promise<void> => {
  const ids = numbers.map((n) => numbered('cus', n));
  const keys = await personal.keysOf(new Set(ids));
  const copies = ids.map((customer_id) => {
    const event = { type: 'customer.created', ...created, customer_id, email_hash: `hash of ${customer_id}` };
    return JSON.stringify(personal.seal(`evt_${customer_id}`, event, keys));
  });
  await pool.query(
    `insert into events (id, stream_id, version, type, schema_version, data, metadata)
      select 'evt_' || c.id, c.id, 1, e.type, e.schema_version, c.data, e.metadata
      from unnest($1::text[], $2::jsonb[]) as c(id, data) join events e on e.stream_id = $3 and e.version = 1`,
    [ids, copies, customer],
  );
  await pool.query(
    `insert into customers select copy.* from unnest($1::text[]) as c(id) join customers on customers.id = $2
      cross join lateral jsonb_populate_record(customers,
        jsonb_build_object('id', c.id, 'email_hash', 'hash of ' || c.id)) copy`,
    [ids, customer],
  );
};

/** Ids and times stand in several places of the data, so they are replaced in its text. */
const copySubscriptions = async (
  pool: pg.Pool,
  { subscription, customer }: Template,
  numbers: readonly number[],
): Promise<void> => {
  const { rows } = await pool.query<{ start: string; end: string; license: string }>(
    `select state #>> '{period,start}' as start, state #>> '{period,end}' as end, license_id as license
      from subscriptions where id = $1`,
    [subscription],
  );
  const [{ start, end, license } = { start: '', end: '', license: '' }] = rows;
  const before = periodBoundary(start, { unit: 'month', count: 1 }, -1);
  const copied = (text: string): string =>
    [
      [subscription, 'c.sub'],
      [customer, 'c.cus'],
      [license, 'c.lic'],
      ['acme/ada', 'c.sub'],
      [start, `'${before}'`],
      [end, `'${start}'`],
    ].reduce((sql, [from, to]) => `replace(${sql}, '${from}', ${to})`, text);
  const values = [
    numbers.map((n) => numbered('sub', n)),
    numbers.map((n) => numbered('cus', n)),
    numbers.map((n) => numbered('lic', n)),
    subscription,
  ];
  const copies = 'unnest($1::text[], $2::text[], $3::text[]) as c(sub, cus, lic)';
  await pool.query(
    `insert into events (id, stream_id, version, type, schema_version, data, metadata)
      select 'evt_' || c.sub || '_' || version, c.sub, version, type, schema_version, (${copied('data::text')})::jsonb, metadata
      from ${copies} join events e on e.stream_id = $4 order by c.sub, version`,
    values,
  );
  await pool.query(
    `insert into subscriptions select copy.* from ${copies} join subscriptions s on s.id = $4
      cross join lateral jsonb_populate_record(s, jsonb_build_object(
        'id', c.sub, 'subscriber', c.sub, 'customer_id', c.cus, 'license_id', c.lic, 'sole_key', c.sub,
        'due_at', '${start}', 'state', (${copied('s.state::text')})::jsonb)) copy`,
    values,
  );
};
