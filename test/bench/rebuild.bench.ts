/** Rebuilds a read table from its log, with the projection that production uses. */
import { Initial1790000000000 } from '#apps/licensing/src/initial.migration';
import { licensesProjection } from '#apps/licensing/src/licenses/license.projection';
import { licenseStream } from '#domain/licensing/license/license';
import { rebuild } from '#events/projection/rebuild';
import { freshStore, startDatabase } from './database.ts';
import type { Figure } from './report.ts';

const LICENSES = 25_000;
const EVENTS_EACH = 4;

const STATEMENTS: string[] = [];
const collecting = { query: (sql: string) => Promise.resolve(void STATEMENTS.push(sql)) } as never;
await new Initial1790000000000().up(collecting);

/** Licenses as they appear in the log: issued, activated twice, suspended. SQL creates them, since only reading is measured. */
const FILL = `
  insert into events (id, stream_id, version, type, data, metadata)
  select 'evt_' || n || '_' || v, 'lic_' || n, v,
    (array['license.created', 'activation.added', 'activation.added', 'license.suspended'])[v],
    case v when 1 then jsonb_build_object('product_id', 'prod_1', 'plan_id', 'plan_1', 'customer_id', 'cus_' || n, 'email', null,
        'name', null, 'org_name', 'Acme', 'external_customer_id', 'crm-' || n, 'external_workspace_id', null, 'notes', null,
        'metadata', '{"seat": 1}'::jsonb, 'status', 'active', 'trial', false, 'key_hash', 'hash ' || n, 'key_sealed', repeat('x', 80),
        'valid_from', '2026-01-01T00:00:00.000Z', 'valid_until', null, 'term_started_at', '2026-01-01T00:00:00.000Z',
        'term_anchor', '2026-01-01T00:00:00.000Z', 'updates_until', null)
      when 4 then '{"product_id": "prod_1", "reason": null}'
      else jsonb_build_object('product_id', 'prod_1', 'activation_id', 'act_' || n || v, 'identifier_hash', 'h' || v) end,
    '{"actor": {"type": "system", "id": "bench"}, "correlation_id": "bench"}'
  from generate_series(1, ${LICENSES}) n, generate_series(1, ${EVENTS_EACH}) v order by v, n`;

export const run = async (): Promise<Figure[]> => {
  const database = await startDatabase();
  try {
    const { store, pool, close } = await freshStore(database, 'bench_rebuild', {
      streams: [licenseStream],
      projections: [licensesProjection],
      tables: STATEMENTS.join(';'),
    });
    try {
      await pool.query(FILL);
      await pool.query('vacuum analyze events');
      const reading = await measureReading(store);
      const start = performance.now();
      const events = await rebuild({ pool, schema: 'bench_rebuild', store, projection: licensesProjection });
      const perSecond = events / ((performance.now() - start) / 1000);
      return [
        {
          what: `rebuild of the licenses table from ${events.toLocaleString('en-US')} events`,
          value: perSecond,
          unit: 'events/s',
          limit: { what: 'reading and decoding the same log, events/s', value: reading },
          target: { atLeast: 50_000 },
        },
      ];
    } finally {
      await close();
    }
  } finally {
    await database.stop();
  }
};

const measureReading = async (store: {
  readAll(o: { after: number; limit: number }): Promise<{ position: number }[]>;
}): Promise<number> => {
  const start = performance.now();
  let read = 0;
  for (let after = 0; ;) {
    const events = await store.readAll({ after, limit: 1_000 });
    const last = events.at(-1);
    if (last === undefined) return read / ((performance.now() - start) / 1000);
    read += events.length;
    after = last.position;
  }
};
