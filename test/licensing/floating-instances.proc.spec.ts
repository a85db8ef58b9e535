import { type InstanceOfSeveral, type Instances, prepareInstances } from '../support/instances.ts';

type Fields = Record<string, unknown>;
const MAX = 5;
const CALLERS = 200;

/** Two processes on one database, one of which is killed while many callers want a session. */
describe('floating licenses in several instances', () => {
  let instances: Instances;
  beforeAll(async () => {
    instances = await prepareInstances();
  });
  afterAll(() => instances.close());

  const issue = async (one: InstanceOfSeveral): Promise<Fields> => {
    const product = await one.post('/admin/products', { name: 'Studio', slug: 'studio', type: 'desktop' });
    const of = { product_id: product['id'] };
    const shape = { license_type: 'perpetual', license_model: 'floating', max_activations: MAX };
    const plan = await one.post('/admin/plans', { ...of, name: 'Shared', slug: 'shared', ...shape });
    return one.post('/admin/licenses', { ...of, plan_id: plan['id'], email: 'ada@example.com' });
  };

  it('never have more sessions than allowed, although instances are killed', async () => {
    const [one, other] = [await instances.start(), await instances.start()];
    const { id, license_key } = await issue(one);
    let given = 0;
    let killed = false;
    const work = async (n: number): Promise<number[]> => {
      const at = n % 2 === 0 ? one : other;
      const statuses: number[] = [];
      const ask = async (name: string, body: Fields): Promise<Fields> => {
        const [status, answer] = await at.ask(`/license/floating/${name}`, { license_key, ...body }, null);
        statuses.push(status);
        // The kill happens in the middle, when sessions have begun to change hands.
        if (name === 'checkin' && status === 200 && ++given === 3) killed = one.child.kill('SIGKILL');
        return answer;
      };
      for (let round = 0; round < 5 || (at === one && !killed); round += 1) {
        const { session_id } = await ask('checkout', { identifier: `device-${n}` });
        if (session_id === undefined) continue;
        await ask('heartbeat', { session_id });
        await ask('checkin', { session_id });
      }
      return statuses;
    };
    const statuses = (await Promise.all(Array.from({ length: CALLERS }, (_, n) => work(n)))).flat();
    expect(new Set(statuses)).toEqual(new Set([200, 201, 409, 0]));

    // Whether answers arrived or not, the log never has more sessions than allowed.
    const { rows } = await instances.pool.query<{ type: string; session_id: string }>(
      `select type, data->>'session_id' as session_id from licensing.events where stream_id = $1 order by version`,
      [`${String(id)}/floating`],
    );
    const running = new Set<string>();
    let most = 0;
    for (const { type, session_id } of rows) {
      if (type === 'floating.checked_out') running.add(session_id);
      if (type === 'floating.checked_in') running.delete(session_id);
      most = Math.max(most, running.size);
    }
    expect(most).toBe(MAX);
    // The table agrees, so that a third instance knows the sessions of the first two.
    const third = await instances.start();
    const free = MAX - running.size;
    const more = await Promise.all(
      Array.from({ length: MAX + 1 }, (_, n) =>
        third.ask('/license/floating/checkout', { license_key, identifier: `late-${n}` }, null),
      ),
    );
    expect(more.filter(([status]) => status === 201)).toHaveLength(free);
    expect(more.filter(([status]) => status === 409)).toHaveLength(MAX + 1 - free);
  });

  it('a license that one instance revokes gets no session from another instance after that', async () => {
    const [one, other] = [await instances.start(), await instances.start()];
    for (let n = 0; n < 20; n += 1) {
      const slug = `revoked-${n}`;
      const product = await one.post('/admin/products', { name: slug, slug, type: 'desktop' });
      const of = { product_id: product['id'] };
      const shape = { license_type: 'perpetual', license_model: 'floating', max_activations: null };
      const plan = await one.post('/admin/plans', { ...of, name: slug, slug, ...shape });
      const license = await one.post('/admin/licenses', { ...of, plan_id: plan['id'], email: 'ada@example.com' });
      const body = { license_key: license['license_key'] };
      // Both instances have the license in memory.
      for (const at of [one, other]) await at.ask('/license/floating/checkout', { ...body, identifier: at.url }, null);
      await one.post(`/admin/licenses/${String(license['id'])}/revoke`, {});
      const [status, answer] = await other.ask('/license/floating/checkout', { ...body, identifier: 'late' }, null);
      expect([status, answer['code']]).toEqual([409, 'LICENSE_REVOKED']);
    }
  });
});
