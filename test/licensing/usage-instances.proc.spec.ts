import { eventually } from '../support/app.ts';
import { stop } from '../support/children.ts';
import { type InstanceOfSeveral, type Instances, prepareInstances } from '../support/instances.ts';

type Fields = Record<string, unknown>;

const CALLERS = 200;

/** Two Keyledger processes on one database; one of them is killed in the middle. */
describe('usage through several instances', () => {
  let instances: Instances;
  let first: InstanceOfSeveral;
  let second: InstanceOfSeveral;
  let product: unknown;
  let plans = 0;

  beforeAll(async () => {
    instances = await prepareInstances();
    first = await instances.start();
    product = (await first.post('/admin/products', { name: 'Cloud', slug: 'cloud', type: 'saas' }))['id'];
    second = await instances.start();
  });
  afterAll(() => instances.close());

  /** Kills the first process; the second takes its place, and a new process takes the place of the second. */
  const replaceFirst = async (): Promise<void> => {
    const killed = first;
    first = second;
    await stop(killed.child, 'SIGKILL');
    second = await instances.start();
  };
  /** Sends a request through one of the running processes; status 0 if the answer was lost. */
  const ask = (n: number, path: string, body: Fields) => (n % 2 === 0 ? first : second).ask(path, body);
  const issue = async (value: number | null): Promise<string> => {
    const slug = `plan-${++plans}`;
    const shape = { product_id: product, name: slug, slug, license_type: 'perpetual', license_model: 'standard' };
    const { id } = await first.post('/admin/plans', shape);
    await first.post(`/admin/plans/${String(id)}/entitlements`, { feature: 'calls', value_type: 'quota', value });
    const license = { product_id: product, plan_id: id, email: `${slug}@example.com` };
    return String((await first.post('/admin/licenses', license))['id']);
  };
  const counted = async (license_id: string): Promise<{ records: number; quantity: number; exceeded: number }> => {
    const { rows } = await instances.pool.query<{ records: number; quantity: number; exceeded: number }>(
      `select count(*) filter (where type = 'usage.recorded')::int as records,
         coalesce(sum((data->>'quantity')::int), 0)::int as quantity,
         count(*) filter (where type = 'quota.exceeded')::int as exceeded
       from licensing.events where stream_id = $1`,
      [`${license_id}/usage/calls`],
    );
    return rows[0] ?? { records: 0, quantity: 0, exceeded: 0 };
  };
  const used = async (license_id: string): Promise<number> => {
    const { rows } = await instances.pool.query<{ used: string }>(
      'select used from licensing.usage_counters where license_id = $1',
      [license_id],
    );
    return Number(rows[0]?.used);
  };

  it('is exactly the limit after two hundred requests, although an instance is killed', async () => {
    const limit = 1_500;
    const license_id = await issue(limit);
    let accepted = 0;
    const caller = async (n: number): Promise<void> => {
      for (let turn = n; ; turn++) {
        const usage = { license_id, feature: 'calls', quantity: 1 + (n % 3) };
        const [status, answer] = await ask(turn, '/license/usage', usage);
        if (status === 200) accepted += 1 + (n % 3);
        else if (status === 429 && (Number(answer['remaining']) === 0 || n % 3 !== 0)) return;
        else if (![0, 429, 503].includes(status)) throw new Error(`${status} ${JSON.stringify(answer)}`);
      }
    };
    const callers = Promise.all(Array.from({ length: CALLERS }, (_, n) => caller(n)));
    await eventually(() => accepted > limit / 3);
    await replaceFirst();
    await callers;
    const log = await counted(license_id);
    expect(log).toMatchObject({ quantity: limit, exceeded: 1 });
    expect(await used(license_id)).toBe(limit);
    // Answers may be lost; every usage that was answered is counted.
    expect(accepted).toBeLessThanOrEqual(limit);
    expect(accepted).toBeGreaterThan(limit - 3 * CALLERS);
  });

  it('in batches is counted once, although answers are lost and batches are sent again', async () => {
    const license_id = await issue(null);
    const batches = 40;
    let done = 0;
    const sender = async (n: number): Promise<void> => {
      const records = Array.from({ length: 50 }, (_, i) => ({
        // Neighboring callers send the same records at the same time.
        idempotency_key: `record-${Math.floor(n / 2)}-${i}`,
        feature: 'calls',
        quantity: 2,
      }));
      for (let turn = n; ; turn++) {
        const [status, answer] = await ask(turn, '/license/usage/batch', { license_id, records });
        if (status !== 200) continue;
        for (const result of answer['results'] as Fields[]) expect(result).toMatchObject({ accepted: true });
        done += 1;
        return;
      }
    };
    const senders = Promise.all(Array.from({ length: batches }, (_, n) => sender(n)));
    await eventually(() => done > batches / 10);
    await replaceFirst();
    await senders;
    const records = (batches / 2) * 50;
    expect(await counted(license_id)).toEqual({ records, quantity: 2 * records, exceeded: 0 });
    expect(await used(license_id)).toBe(2 * records);
    const { out } = await instances.cli('export', 'usage', '--format', 'ndjson', '--url', first.url);
    const exported = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Fields)
      .filter((record) => record['license_id'] === license_id);
    expect(new Set(exported.map((record) => record['idempotency_key'])).size).toBe(records);
  });

  it('ends with the commit that revokes the license, through every instance', async () => {
    for (let round = 0; round < 5; round++) {
      const license_id = await issue(null);
      let revoked = false;
      const late: unknown[] = [];
      const caller = async (n: number): Promise<void> => {
        for (;;) {
          const isLate = revoked;
          const [status, answer] = await ask(n, '/license/usage', { license_id, feature: 'calls', quantity: 1 });
          if (isLate && status === 200) late.push(answer);
          if (status === 409) return;
        }
      };
      const callers = Promise.all(Array.from({ length: 30 }, (_, n) => caller(n)));
      await eventually(async () => (await counted(license_id)).records > 30);
      await first.post(`/admin/licenses/${license_id}/revoke`);
      revoked = true;
      await callers;
      const { rows } = await instances.pool.query<{ late: number }>(
        `select count(*)::int as late from licensing.events where stream_id = $1 and type = 'usage.recorded' and position >
           (select position from licensing.events where stream_id = $2 and type = 'license.revoked')`,
        [`${license_id}/usage/calls`, license_id],
      );
      expect({ late, rows }).toEqual({ late: [], rows: [{ late: 0 }] });
    }
  });
});
