import { setImmediate as nextTurn } from 'node:timers/promises';
import { decideKeyBatch, keyBatchStream } from '#domain/licensing/key-batch/key-batch';
import { decidePlan, planStream } from '#domain/licensing/plan/plan';
import { newId } from '#domain/shared/id';
import type { EventStore } from '#events/store';
import { EVENT_STORE } from '#platform/service';
import { Licenses } from '../licenses/licenses.ts';
import { licensingService } from '../licensing.module.ts';
import { type Licensing, startLicensing } from '../../../../test/licensing/harness.ts';

describe('products and plans', () => {
  let app: Licensing;

  beforeAll(async () => {
    app = await startLicensing({ plan: { max_activations: 5 } });
  });
  afterAll(() => app.close());

  it('are read as they were created, with ETags that guard changes', async () => {
    const read = await app.call('GET', `/admin/products/${String(app.product['id'])}`);
    expect(read.body).toEqual(app.product);
    const changed = await app.call(
      'PATCH',
      `/admin/products/${String(app.product['id'])}`,
      { name: 'Studio 2' },
      { 'if-match': '"1"' },
    );
    expect(changed).toMatchObject({ status: 200, body: { name: 'Studio 2' } });
    expect(changed.headers['etag']).toBe('"2"');
    const stale = await app.call(
      'PATCH',
      `/admin/products/${String(app.product['id'])}`,
      { name: 'x' },
      { 'if-match': '"1"' },
    );
    expect(stale).toMatchObject({ status: 412, body: { code: 'PRECONDITION_FAILED' } });
  });

  it('keep slugs unique, also with concurrent requests', async () => {
    const body = { name: 'Twin', slug: 'twin', type: 'saas' };
    const twins = await Promise.all([
      app.call('POST', '/admin/products', body),
      app.call('POST', '/admin/products', body),
    ]);
    expect(twins.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(twins.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'SLUG_TAKEN' });
  });

  it('have documented defaults, and keep 0 and null as they were sent', async () => {
    expect(await app.newPlan()).toMatchObject({
      max_activations: 3,
      max_seats: 1,
      trial_days: 0,
      grace_days: 7,
      floating_timeout: 30,
      active: true,
      sort_order: 0,
    });
    expect(await app.newPlan({ max_activations: 0, max_seats: null, grace_days: 0 })).toMatchObject({
      max_activations: 0,
      max_seats: null,
      grace_days: 0,
    });
    const none = await app.newPlan({ max_activations: 0 });
    const license = await app.issue({ plan_id: none['id'] });
    expect(await app.activate(license, 'device')).toMatchObject({
      status: 409,
      body: { code: 'ACTIVATION_LIMIT_REACHED', max: 0, current: 0 },
    });
  });

  describe('a plan that is deleted', () => {
    const remove = (plan: Record<string, unknown>, headers?: Record<string, string>) =>
      app.call('DELETE', `/admin/plans/${String(plan['id'])}`, undefined, headers);
    const listed = async (plan: Record<string, unknown>): Promise<boolean> => {
      const { body } = await app.call('GET', `/admin/plans?q=${String(plan['slug'])}`);
      return (body.data as { id: string }[]).some(({ id }) => id === plan['id']);
    };

    it('is gone, and its slug is free', async () => {
      const plan = await app.newPlan({ slug: 'short-lived' });
      const path = `/admin/plans/${String(plan['id'])}`;
      await app.create(`${path}/entitlements`, { feature: 'sso', value_type: 'bool', value: true });
      expect(await remove(plan, { 'if-match': '"1"' })).toMatchObject({ status: 412 });
      expect(await remove(plan, { 'if-match': '"2"' })).toMatchObject({ status: 204 });
      const gone = { status: 404, body: { code: 'PLAN_NOT_FOUND' } };
      expect(await app.call('GET', path)).toMatchObject(gone);
      expect(await app.call('PATCH', path, { name: 'x' })).toMatchObject(gone);
      expect(await app.call('GET', `${path}/entitlements`)).toMatchObject(gone);
      expect(await remove(plan)).toMatchObject(gone);
      expect(await listed(plan)).toBe(false);
      expect(await app.newPlan({ slug: 'short-lived' })).toMatchObject({ slug: 'short-lived' });
      const order = { product_id: app.product['id'], plan_id: plan['id'], email: 'ada@example.com' };
      expect(await app.call('POST', '/admin/licenses', order)).toMatchObject(gone);
    });

    it('is not used by a license or by codes', async () => {
      const plan = await app.newPlan();
      const license = await app.issue({ plan_id: plan['id'] });
      const batch = await app.create('/admin/key-batches', {
        product_id: app.product['id'],
        plan_id: plan['id'],
        name: 'cards',
        count: 2,
      });
      expect(await remove(plan)).toMatchObject({
        status: 409,
        body: { code: 'PLAN_IN_USE', used_by: { licenses: [license['id']], key_batches: [batch['id']] } },
      });
      expect(await app.call('GET', `/admin/plans/${String(plan['id'])}`)).toMatchObject({ status: 200, body: plan });
      expect(await listed(plan)).toBe(true);
      const other = await app.newPlan();
      await app.admin(license, 'change-plan', { plan_id: other['id'] });
      await app.admin(license, 'revoke');
      await app.call('POST', `/admin/key-batches/${String(batch['id'])}/void`, {});
      expect(await remove(other)).toMatchObject({ status: 409, body: { used_by: { licenses: [license['id']] } } });
      expect(await remove(plan)).toMatchObject({ status: 204 });
    });

    it('is not the plan of a license that is issued or moved at the same time', async () => {
      const moved = await app.issue();
      for (let round = 0; round < 20; round++) {
        const plan = await app.newPlan();
        const order = { product_id: app.product['id'], plan_id: plan['id'], email: `racer${round}@example.com` };
        const issue = () => app.call('POST', '/admin/licenses', order);
        const move = () => app.admin(moved, 'change-plan', { plan_id: plan['id'] });
        const batch = () =>
          app.call('POST', '/admin/key-batches', {
            product_id: app.product['id'],
            plan_id: plan['id'],
            name: 'cards',
            count: 1,
          });
        const use = [issue, move, batch][round % 3] ?? issue;
        const [used, removed] =
          round % 2 === 0
            ? await Promise.all([use(), remove(plan)])
            : (await Promise.all([remove(plan), use()])).reverse();
        const outcomes = [Math.floor((used?.status ?? 0) / 100) * 100, removed?.status];
        expect([
          [200, 409],
          [400, 204],
        ]).toContainEqual(outcomes);
        expect((await app.call('GET', `/admin/plans/${String(plan['id'])}`)).status).toBe(
          outcomes[0] === 200 ? 200 : 404,
        );
      }
    });

    it('is not the plan of a batch that is made in the same flush', async () => {
      const licensing = app.app.nest.select(licensingService.module);
      const store = licensing.get<EventStore>(EVENT_STORE, { strict: false });
      const licenses = licensing.get(Licenses, { strict: false });
      const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;
      const uses = { licenses: [], key_batches: [], prices: [], subscriptions: [] };
      const product_id = String(app.product['id']);
      for (let round = 0; round < 10; round++) {
        const plan_id = String((await app.newPlan())['id']);
        const batch_id = newId('batch');
        const terms = {
          name: 'cards',
          product_id,
          plan_id,
          key_format: 'random',
          key_prefix: null,
          redeem_until: null,
        } as const;
        // While this is written, the next flush is filled.
        const before = store.handle(
          keyBatchStream,
          newId('batch'),
          (state) => decideKeyBatch({ type: 'AddCodes', code_hashes: [`before ${round}`] }, state),
          { metadata },
        );
        await nextTurn();
        const outcomes = await Promise.allSettled([
          store.handle(
            keyBatchStream,
            batch_id,
            (state, _version, read) => {
              licenses.planAtCommit(read, plan_id);
              return decideKeyBatch(
                { type: 'CreateKeyBatch', batch_id, terms, now: '2027-01-01T00:00:00.000Z' },
                state,
              );
            },
            { metadata, reads: licenses.reads(plan_id) },
          ),
          store.handle(planStream, plan_id, (state) => decidePlan({ type: 'DeletePlan', uses }, state), { metadata }),
        ]);
        await before;
        expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      }
    });
  });
});
