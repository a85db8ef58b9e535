import { type Fields, startUsageWorld, type UsageWorld } from './usage.harness.ts';

interface Result {
  readonly accepted: boolean;
  readonly overage?: boolean;
  readonly code?: string;
}

describe('usage in batches', () => {
  let world: UsageWorld;
  let keys = 0;
  beforeAll(async () => {
    world = await startUsageWorld();
  });
  afterAll(() => world.close());

  const key = (): string => `record-${++keys}`;
  const send = async (license: Fields, records: Fields[], headers?: Record<string, string>): Promise<Result[]> => {
    const reply = await world.keyed('/license/usage/batch', license, { records }, headers);
    expect(reply).toMatchObject({ status: 200 });
    const { results } = reply.body as { results: Result[] };
    expect(results).toHaveLength(records.length);
    return results;
  };
  const codes = (results: readonly Result[]): (string | boolean)[] =>
    results.map(({ accepted, code }) => code ?? accepted);
  const used = async (license: Fields, feature = 'calls'): Promise<unknown> => {
    const { body } = await world.keyed('/license/usage/status', license, { feature });
    return (body as { usage: Record<string, Fields> }).usage[feature]?.['used'];
  };

  it('each record has its own result', async () => {
    const license = await world.issue(
      { feature: 'calls', value: 10 },
      { feature: 'soft', value: 1, overage: 'unlimited' },
    );
    const of = (feature: string, quantity: number, over: Fields = {}): Fields => ({
      idempotency_key: key(),
      feature,
      quantity,
      ...over,
    });
    const results = await send(license, [
      of('calls', 6),
      of('soft', 1),
      of('calls', 5),
      of('nothing', 1),
      of('soft', 2),
      of('calls', 4, { metadata: { n: 1 } }),
      of('calls', 1, { timestamp: '2020-01-01T00:00:00Z' }),
    ]);
    expect(codes(results)).toEqual([
      true,
      true,
      'QUOTA_EXCEEDED',
      'ENTITLEMENT_NOT_FOUND',
      true,
      true,
      'TIMESTAMP_OUT_OF_RANGE',
    ]);
    expect(results.map(({ overage }) => overage)).toEqual([false, false, undefined, undefined, true, false, undefined]);
    expect([await used(license), await used(license, 'soft')]).toEqual([10, 3]);
    expect(await world.told(license, 'quota.exceeded')).toBe(2);
  });

  it('a thousand records are one append', async () => {
    const license = await world.issue({ feature: 'calls', value: null });
    const records = Array.from({ length: 1_000 }, () => ({ idempotency_key: key(), feature: 'calls', quantity: 2 }));
    expect(new Set(codes(await send(license, records)))).toEqual(new Set([true]));
    expect(await used(license)).toBe(2_000);
    const over = { records: [...records, { feature: 'calls', quantity: 1 }] };
    expect(await world.keyed('/license/usage/batch', license, over)).toMatchObject({ status: 400 });
    expect(await world.keyed('/license/usage/batch', license, { records: [] })).toMatchObject({ status: 400 });
  });

  it('records are counted once, however often, in whatever mix and however concurrently they are sent', async () => {
    const license = await world.issue({ feature: 'calls', value: null }, { feature: 'other', value: null });
    const records = Array.from({ length: 40 }, (_, n) => ({
      idempotency_key: key(),
      feature: n % 2 === 0 ? 'calls' : 'other',
      quantity: 1 + (n % 3),
    }));
    const total = (feature: string): number =>
      records.reduce((sum, record) => sum + (record.feature === feature ? record.quantity : 0), 0);
    const sendings = Array.from({ length: 12 }, (_, n) => [...records.slice(n * 3), ...records.slice(0, n * 5)]);
    const answers = await Promise.all(sendings.map((sending) => send(license, sending)));
    expect(new Set(answers.flatMap(codes))).toEqual(new Set([true]));
    await send(license, records);
    expect([await used(license), await used(license, 'other')]).toEqual([total('calls'), total('other')]);
    expect(await world.told(license, 'usage.recorded')).toBe(records.length);
  });

  it('a key reused for another record is reported; a refused record may be sent again', async () => {
    const license = await world.issue({ feature: 'calls', value: 10 }, { feature: 'other', value: 10 });
    const [one, two] = [key(), key()];
    const record = { idempotency_key: one, feature: 'calls', quantity: 6 };
    expect(
      codes(await send(license, [record, record, { ...record, quantity: 1 }, { ...record, idempotency_key: two }])),
    ).toEqual([true, true, 'IDEMPOTENCY_KEY_REUSED', 'QUOTA_EXCEEDED']);
    expect(codes(await send(license, [{ ...record, feature: 'other' }]))).toEqual(['IDEMPOTENCY_KEY_REUSED']);
    await world.on(license, 'PUT', '/entitlements/calls', { value: 20 });
    expect(codes(await send(license, [record, { ...record, idempotency_key: two }]))).toEqual([true, true]);
    expect(await used(license)).toBe(12);
    // Each license has its own keys.
    const another = await world.issue({ feature: 'calls', value: 10 });
    expect(codes(await send(another, [record]))).toEqual([true]);
    expect(await used(another)).toBe(6);
  });

  it('records in a batch with only an Idempotency-Key are counted once, too', async () => {
    const license = await world.issue({ feature: 'calls', value: null });
    const records = Array.from({ length: 5 }, () => ({ feature: 'calls', quantity: 1 }));
    const headers = { 'idempotency-key': key() };
    await send(license, records, headers);
    await send(license, records, headers);
    expect(await used(license)).toBe(5);
    await send(license, records);
    expect(await used(license)).toBe(10);
  });

  it('new records of an unusable license are refused one by one; repeated records are not', async () => {
    const license = await world.issue({ feature: 'calls', value: 10 });
    const counted = { idempotency_key: key(), feature: 'calls', quantity: 1 };
    await send(license, [counted]);
    await world.on(license, 'POST', '/suspend', {});
    expect(codes(await send(license, [counted, { ...counted, idempotency_key: key() }]))).toEqual([
      true,
      'LICENSE_SUSPENDED',
    ]);
    const unknown = await world.keyed('/license/usage/batch', { license_key: 'AAAA-BBBB' }, { records: [counted] });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'LICENSE_NOT_FOUND' } });
  });

  it('records of many licenses need an API key, and each record names its license', async () => {
    const licenses = [
      await world.issue({ feature: 'calls', value: 1 }),
      await world.issue({ feature: 'calls', value: 5 }),
    ];
    const record = (license_id: unknown) => ({ license_id, feature: 'calls', quantity: 1, idempotency_key: key() });
    const records = [...licenses, ...licenses].map(({ id }) => record(id));
    const nobody = record('lic_01jd1zx0h8e4rvy2m6k9w3q5tb');
    const batch = (body: Fields, headers?: Record<string, string | undefined>) =>
      world.app.call('POST', '/license/usage/batch', body, headers);
    const { status, body } = await batch({ records: [...records, nobody] });
    expect({ status, codes: codes((body as { results: Result[] }).results) }).toEqual({
      status: 200,
      codes: [true, true, 'QUOTA_EXCEEDED', true, 'LICENSE_NOT_FOUND'],
    });
    expect(await batch({ records }, { authorization: undefined })).toMatchObject({ status: 401 });
    expect(await batch({ license_id: licenses[0]?.['id'], records })).toMatchObject({ status: 400 });
    expect(await batch({ records: [{ feature: 'calls', quantity: 1 }] })).toMatchObject({ status: 400 });
    const whole = { license_id: licenses[1]?.['id'], records: [{ feature: 'calls', quantity: 1 }] };
    expect(await batch(whole)).toMatchObject({ status: 200, body: { results: [{ accepted: true }] } });
  });
});
