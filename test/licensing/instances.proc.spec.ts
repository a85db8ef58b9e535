import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, soon } from '../support/app.ts';
import { stop } from '../support/children.ts';
import { type InstanceOfSeveral, type Instances, prepareInstances } from '../support/instances.ts';

/** Time until the first of the tested terms ends, in milliseconds. */
const LEAD_MS = 3_000;

describe('licensing in several instances', () => {
  let instances: Instances;
  let first: InstanceOfSeveral;
  let product: string;

  let plans = 0;
  const plan = async (through: InstanceOfSeveral, over: Record<string, unknown>): Promise<unknown> => {
    const slug = `plan-${++plans}`;
    const shape = { product_id: product, name: slug, slug, license_type: 'perpetual', license_model: 'standard' };
    return (await through.post('/admin/plans', { ...shape, ...over }))['id'];
  };
  /** Licenses whose terms end one after the other within `spread` milliseconds, after enough time to create them all. */
  const issue = (through: InstanceOfSeveral, plan_id: unknown, count: number, spread: number): Promise<unknown[]> =>
    Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const valid_until = new Date(Date.now() + LEAD_MS + (spread * n) / count).toISOString();
        const email = `${String(plan_id)}-${n}@example.com`;
        const { id } = await through.post('/admin/licenses', { product_id: product, plan_id, email, valid_until });
        return id;
      }),
    );
  const told = async (type: string, licenses: readonly unknown[]): Promise<{ events: number; of: number }> => {
    const { rows } = await instances.pool.query<{ events: number; of: number }>(
      `select count(*)::int as events, count(distinct stream_id)::int as of
       from licensing.events where type = $1 and stream_id = any($2)`,
      [type, licenses],
    );
    return rows[0] ?? { events: 0, of: 0 };
  };

  beforeAll(async () => {
    instances = await prepareInstances();
    first = await instances.start();
    product = String((await first.post('/admin/products', { name: 'Studio', slug: 'studio', type: 'desktop' }))['id']);
  });
  afterAll(() => instances.close());

  it('ends each term once, although instances are killed, and also terms that ended while none ran', async () => {
    const second = await instances.start();
    const strict = await plan(first, { grace_days: 0 });
    const graceful = await plan(first, { grace_days: 7 });
    const trial = await plan(first, { license_type: 'trial', trial_days: 14, grace_days: 0 });
    const expiring = await issue(first, strict, 120, 3000);
    const [lenient, trying] = await Promise.all([issue(first, graceful, 60, 3000), issue(second, trial, 60, 3000)]);
    await eventually(async () => (await told('license.expired', expiring)).of > 10);
    // The first instance leads, so it ends the terms.
    await stop(first.child, 'SIGKILL');
    await eventually(async () => (await told('license.expired', expiring)).of === 120);
    await eventually(async () => (await told('license.past_due', lenient)).of === 60);
    await eventually(async () => (await told('license.expired', trying)).of === 60);

    const late = await issue(second, strict, 20, 500);
    await stop(second.child, 'SIGKILL');
    await sleep(LEAD_MS + 600);
    expect(await told('license.expired', late)).toEqual({ events: 0, of: 0 });
    await Promise.all([instances.start(), instances.start()]);
    await eventually(async () => (await told('license.expired', late)).of === 20);

    expect(await told('license.expired', [...expiring, ...trying, ...late])).toEqual({ events: 200, of: 200 });
    expect(await told('license.past_due', lenient)).toEqual({ events: 60, of: 60 });
    expect(await told('license.expired', lenient)).toEqual({ events: 0, of: 0 });
  });

  it('activates five of two hundred devices, although instances are killed', async () => {
    const [one, other] = [await instances.start(), await instances.start()];
    const plan_id = await plan(one, { max_activations: 5 });
    const licenses = await Promise.all(
      Array.from({ length: 4 }, (_, n) =>
        one.post('/admin/licenses', { product_id: product, plan_id, email: `crowd${n}@example.com` }),
      ),
    );
    let answered = 0;
    const statuses = await Promise.all(
      licenses.flatMap(({ license_key }) =>
        Array.from({ length: 200 }, async (_, n) => {
          const body = { license_key, identifier: `device ${n}` };
          const [status] = await (n % 2 === 0 ? one : other).ask('/license/activate', body, null);
          if (++answered === 5) one.child.kill('SIGKILL');
          return status;
        }),
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([201, 409, 0]));
    const third = await instances.start();
    for (const { license_key } of licenses) {
      const late = Array.from({ length: 6 }, (_, n) => ({ license_key, identifier: `late ${n}` }));
      const more = await Promise.all(late.map((body) => third.ask('/license/activate', body, null)));
      expect(more.map(([status]) => status)).toContain(409);
    }
    const { rows } = await instances.pool.query<{ devices: number }>(
      `select count(*)::int as devices from licensing.events
       where type = 'activation.added' and stream_id = any($1) group by stream_id`,
      [licenses.map(({ id }) => id)],
    );
    expect(rows.map(({ devices }) => devices)).toEqual([5, 5, 5, 5]);
  });

  it('sees a change made by another instance within a second', async () => {
    const [one, other] = [await instances.start(), await instances.start()];
    const plan_id = await plan(one, { grace_days: 0 });
    const license = await one.post('/admin/licenses', { product_id: product, plan_id, email: 'seen@example.com' });
    const device = { license_key: license['license_key'], identifier: 'device' };
    await one.post('/license/activate', device);
    // Both instances have the license in memory.
    for (const instance of [one, other])
      expect(await instance.post('/license/verify', device)).toMatchObject({ code: 'VALID' });
    for (const [action, code] of [
      ['suspend', 'SUSPENDED'],
      ['reinstate', 'VALID'],
      ['revoke', 'REVOKED'],
    ] as const) {
      await one.post(`/admin/licenses/${String(license['id'])}/${action}`);
      expect(await one.post('/license/verify', device)).toMatchObject({ code });
      await soon(async () => (await other.post('/license/verify', device))['code'] === code);
    }
  });
});
