/** Rebuilding a read table from its log, through the very projection that production uses. */
import { licensesProjection } from '#apps/licensing/src/licenses/license.projection';
import { Licenses1790000012000, LicenseTerms1790000071000 } from '#apps/licensing/src/licenses/license.table';
import { licenseStream } from '#domain/licensing/license/license';
import { rebuild } from '#events/projection/rebuild';
import { freshStore, startDatabase } from './database.ts';
import type { Figure } from './report.ts';

const LICENSES = 25_000;
const EVENTS_EACH = 4;

const STATEMENTS: string[] = [];
const collecting = { query: (sql: string) => Promise.resolve(void STATEMENTS.push(sql)) } as never;
for (const migration of [new Licenses1790000012000(), new LicenseTerms1790000071000()]) await migration.up(collecting);

/** Licences as the log has them: issued, activated twice, suspended. Made by SQL: what is measured is reading them. */
const FILL = `
  insert into events (id, stream_id, version, type, data, metadata)
  select 'evt_' || n || '_' || v, 'lic_' || n, v,
    (array['license.created', 'activation.added', 'activation.added', 'license.suspended'])[v],
    case v when 1 then jsonb_build_object('product_id', 'prod_1', 'plan_id', 'plan_1', 'customer_id', 'cus_' || n, 'email', null,
        'name', null, 'org_name', 'Acme', 'external_customer_id', 'crm-' || n, 'external_workspace_id', null, 'notes', null,
        'metadata', '{"seat": 1}'::jsonb, 'status', 'active', 'trial', false, 'key_hash', 'hash ' || n, 'key_sealed', repeat('x', 80),
        'valid_from', '2026-01-01T00:00:00.000Z', 'valid_until', null)
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
          what: `rebuild of the licences table from ${events.toLocaleString('en-US')} events`,
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
