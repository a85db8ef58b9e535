import { stop } from '../support/children.ts';
import { type InstanceOfSeveral, type Instances, prepareInstances } from '../support/instances.ts';

const CODES = 40;
const ASKING = 5;

/** Two processes on one database, one of which is killed during many redemptions. */
describe('redemption codes in several instances', () => {
  let instances: Instances;

  beforeAll(async () => {
    instances = await prepareInstances();
  });
  afterAll(() => instances.close());

  it('are each redeemed for one license by one of many callers, although an instance is killed', async () => {
    const [one, other] = [await instances.start(), await instances.start()];
    const product = await one.post('/admin/products', { name: 'S', slug: 's', type: 'desktop' });
    const shape = { name: 'P', slug: 'p', license_type: 'perpetual', license_model: 'standard' };
    const plan = await one.post('/admin/plans', { product_id: product['id'], ...shape });
    const batch = await one.post('/admin/key-batches', {
      product_id: product['id'],
      plan_id: plan['id'],
      name: 'Cards',
      count: CODES,
    });
    const codes = (batch['codes'] as { code: string; license_key: string }[]).map(({ code }) => code);
    let redeemed = 0;
    const ask = async (of: InstanceOfSeveral, code: string, n: number): Promise<number> => {
      const [status] = await of.ask('/license/redeem', { code, email: `p${n}@example.com` }, null);
      if (status === 201 && ++redeemed === CODES / 2) other.child.kill('SIGKILL');
      return status;
    };
    await Promise.all(
      codes.flatMap((code) => Array.from({ length: ASKING }, (_, n) => ask(n % 2 === 0 ? one : other, code, n))),
    );
    await stop(other.child, 'SIGKILL');
    // Callers without an answer retry: some requests were in progress, and no code is lost.
    const again = await Promise.all(codes.map((code) => ask(one, code, ASKING)));
    expect(again.every((status) => status === 201 || status === 409)).toBe(true);

    const { rows } = await instances.pool.query<{ licenses: number; keys: number; events: number; codes: number }>(
      `select (select count(*)::int from licensing.licenses) as licenses,
        (select count(distinct key_hash)::int from licensing.licenses) as keys,
        (select count(*)::int from licensing.events where type = 'key_batch.code_redeemed') as events,
        (select count(distinct license_id)::int from licensing.key_batch_codes c
          where exists (select from licensing.licenses l where l.id = c.license_id)) as codes`,
    );
    expect(rows[0]).toEqual({ licenses: CODES, keys: CODES, events: CODES, codes: CODES });
  });
});
