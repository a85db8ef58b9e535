import type { PublishedEvent } from '#events/event';
import { inTransaction } from '#events/subscription/transaction';
import { freshServiceDatabase, type TestServiceDatabase } from '../../../../test/support/service-database.ts';
import { matches } from '../endpoints/event-types.ts';
import { makeHistory } from '../history/history.ts';
import { webhooksService } from '../webhooks.module.ts';
import { fanOut, UNWANTED } from './fan-out.ts';

describe('events that are kept for webhooks', () => {
  let open: TestServiceDatabase;
  beforeAll(async () => {
    open = await freshServiceDatabase('webhooks', webhooksService.migrations);
    await makeHistory(open.pool);
  });
  afterAll(() => open.drop());

  let count = 0;
  const event = (type: string): PublishedEvent => ({
    specversion: '1.0',
    id: `evt_${++count}`,
    source: 'keyledger/licensing',
    type,
    subject: 'lic_1/usage/calls',
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    dataschema: 'urn:x',
    streamversion: count,
    position: count,
    correlationid: 'test',
    actortype: 'system',
    actorid: 'test',
    data: { product_id: 'prod_1' },
  });
  const kept = async (...types: string[]): Promise<string[]> => {
    const events = types.map(event);
    await inTransaction(open.pool, (tx) => fanOut(events, tx));
    const { rows } = await open.pool.query<{ type: string }>(
      'select type from outgoing_events where event_id = any($1) order by position',
      [events.map(({ id }) => id)],
    );
    return rows.map(({ type }) => type);
  };

  const unwanted = async (): Promise<unknown> =>
    (await open.pool.query<{ unwanted: string[] }>(`select ${UNWANTED} as unwanted`)).rows[0]?.unwanted;

  it('are all but those that come by the thousand, which are kept while an endpoint wants them', async () => {
    expect(await kept('usage.recorded', 'license.created', 'quota.warning')).toEqual([
      'license.created',
      'quota.warning',
    ]);
    expect(await kept('usage.recorded')).toEqual([]);
    expect(await unwanted()).toEqual(['usage.recorded']);
    await open.pool.query(
      `insert into webhook_endpoints (id, version, url, events, ordering, active, secrets, settings, created_at)
       values ('whk_1', 1, 'https://example.com', '["usage.*"]', 'none', true, '[]', '{}', now())`,
    );
    expect(await kept('usage.recorded', 'license.created')).toEqual(['usage.recorded', 'license.created']);
    expect(await unwanted()).toEqual([]);
    // One that is switched off may be polled, or get later what it has missed.
    await open.pool.query('update webhook_endpoints set active = false');
    expect(await kept('usage.recorded')).toEqual(['usage.recorded']);
    const { rows } = await open.pool.query('select event_type from deliveries');
    expect(rows).toEqual([{ event_type: 'usage.recorded' }]);
  });

  it.each([['*'], ['usage.*'], ['usage.recorded'], ['license.*'], ['usage.recorded.*'], ['webhook.*', 'plan.changed']])(
    'are asked for by the log as they are sifted here: %p',
    async (...events) => {
      await open.pool.query('update webhook_endpoints set events = $1', [JSON.stringify(events)]);
      expect(await unwanted()).toEqual(matches(events, 'usage.recorded') ? [] : ['usage.recorded']);
    },
  );

  it('are taken in as many at a time as make five thousand deliveries, in their order', async () => {
    await open.pool.query('delete from webhook_endpoints');
    await open.pool.query(
      `insert into webhook_endpoints (id, version, url, events, ordering, active, secrets, settings, created_at)
       select 'whk_' || n, 1, 'https://example.com', '["plan.*"]', 'none', true, '[]', '{}', now() from generate_series(1, 2000) as n`,
    );
    const types = [
      'license.created',
      'plan.created',
      'plan.changed',
      'plan.changed',
      'license.created',
      'plan.changed',
    ];
    const events = types.map(event);
    const taken: number[] = [];
    for (let rest = events; rest.length > 0; rest = rest.slice(taken.at(-1)))
      taken.push(await inTransaction(open.pool, (tx) => fanOut(rest, tx)));
    expect(taken).toEqual([4, 2]);
    const { rows } = await open.pool.query(
      `select o.event_id as id, count(d.id)::int as deliveries
       from outgoing_events o left join deliveries d on d.event_id = o.event_id
       where o.event_id = any($1) group by o.event_id, o.position order by o.position`,
      [events.map(({ id }) => id)],
    );
    expect(rows).toEqual(events.map(({ id, type }) => ({ id, deliveries: type.startsWith('plan.') ? 2_000 : 0 })));
  });
});
