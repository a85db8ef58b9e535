/**
 * Billing through HTTP on the process of `npm start`: eligibility checks beside verifications of licenses, in turns, and previews of
 * a change.
 */
import { startInstance, type Instance } from '../support/instance.ts';
import { load, type LoadRequest } from './load.ts';
import { measureCalls, type Measured } from './measure.ts';
import { makeTemplate } from './renewals.fill.ts';
import type { Figure } from './report.ts';

const SUBSCRIBERS = 2_000;
const CONNECTIONS = 16;
const ROUNDS = 5;
const SECONDS = 3;
const PREVIEWS = 2_000;
const PREVIEW_CALLERS = 4;

export const run = async (): Promise<Figure[]> => {
  const instance = await startInstance();
  try {
    const { product, plan, subscription } = await makeTemplate(instance);
    const eligibility = await subscribeAll(instance, product, plan);
    const verification = await issueAll(instance, product, plan);
    const [checks, verifies]: [Measured[], Measured[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      verifies.push(await load(instance.url, verification, CONNECTIONS, SECONDS));
      checks.push(await load(instance.url, eligibility, CONNECTIONS, SECONDS));
    }
    const previews = await measureCalls(PREVIEWS, PREVIEW_CALLERS, (n) =>
      instance.post(`/api/v1/subscriptions/${subscription}/preview`, { quantity: 2 + (n % 50), when: 'now' }),
    );
    return [
      {
        what: `eligibility checks, ${CONNECTIONS} connections`,
        value: median(checks, 'perSecond'),
        unit: 'requests/s',
        limit: { what: 'verify, in turns with them', value: median(verifies, 'perSecond') },
        target: { ratio: 0.8 },
      },
      {
        what: 'eligibility checks, p99',
        value: median(checks, 'p99'),
        unit: 'ms',
        limit: { what: 'verify, ms', value: median(verifies, 'p99') },
      },
      {
        what: `previews of a change, ${PREVIEW_CALLERS} callers, p99`,
        value: previews.p99,
        unit: 'ms',
        target: { atMost: 20 },
      },
      { what: 'the same, p50', value: previews.p50, unit: 'ms' },
    ];
  } finally {
    await instance.stop();
  }
};

const median = (measured: readonly Measured[], of: keyof Measured): number =>
  measured.map((one) => one[of]).toSorted((a, b) => a - b)[measured.length >> 1] ?? NaN;

/** Subscribes many to a free price of the plan. @returns requests that ask whether they have access */
const subscribeAll = async ({ post, key }: Instance, product: string, plan: string): Promise<LoadRequest[]> => {
  const price = await post('/api/v1/admin/prices', { plan_id: plan, amount: 0, currency: 'eur', interval: 'month' });
  await measureCalls(SUBSCRIBERS, 16, (n) =>
    post('/api/v1/subscriptions', {
      subscriber: subscriber(n),
      email: `user${n}@example.com`,
      price_id: price['id'],
    }),
  );
  return Array.from({ length: SUBSCRIBERS }, (_, n) => ({
    method: 'GET',
    path: `/api/v1/subscriptions/eligibility?${new URLSearchParams({ subscriber: subscriber(n), product_id: product }).toString()}`,
    headers: { authorization: `Bearer ${key}` },
  }));
};

const subscriber = (n: number): string => `acme/user${n}`;

/** Issues licenses of the plan. @returns requests that verify them */
const issueAll = async ({ post }: Instance, product_id: string, plan_id: string): Promise<LoadRequest[]> => {
  const keys: string[] = [];
  await measureCalls(SUBSCRIBERS, 16, async (n) => {
    const license = await post('/api/v1/admin/licenses', { product_id, plan_id, email: `licensee${n}@example.com` });
    keys[n] = String(license['license_key']);
  });
  return keys.map((license_key) => ({ method: 'POST', path: '/api/v1/license/verify', body: { license_key } }));
};
