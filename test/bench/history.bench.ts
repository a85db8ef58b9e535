/**
 * Deliveries with a long history in the database: `npm run bench -- history`. It runs only on its own because filling takes long.
 * `ATTEMPTS=10000000` sets the length of the history. The senders run in this process, one with the history and one without, each
 * on its own database.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { makeHistory } from '#apps/webhooks/src/history/history';
import { refusedAddresses } from '#apps/webhooks/src/sending/addresses';
import { Sender } from '#apps/webhooks/src/sending/sender';
import { defaultSettings } from '#apps/webhooks/src/sending/settings';
import { webhooksService } from '#apps/webhooks/src/webhooks.module';
import { openDatabase } from '#platform/database/open';
import { startDatabase } from './database.ts';
import type { Figure } from './report.ts';
import { takeIn } from './taken-in.ts';

const ATTEMPTS = Number(process.env['ATTEMPTS'] ?? 10_000_000);
const AT_ONCE = 200_000;
const FLOOD = 20_000;
const ROUNDS = 11;
const ENDPOINT = 'whk_bench';
/** The signatures are not verified in this benchmark. */
const SECRET = Buffer.from(`whsec_${Buffer.alloc(32, 1).toString('base64')}`);

export const run = async (): Promise<Figure[]> => {
  const worlds: World[] = [];
  try {
    const [empty, full] = [await openWorld(worlds), await openWorld(worlds)];
    await fill(full.pool);
    // The first is a warm-up.
    for (const world of worlds) await world.flood();
    const measured = { empty: [] as number[], full: [] as number[] };
    // The senders take turns, because the speed of the machine changes from minute to minute.
    for (let round = 0; round < ROUNDS; round++) {
      measured.empty.push(await empty.flood());
      measured.full.push(await full.flood());
    }
    const behind = `${ATTEMPTS.toLocaleString('en-US')} attempts`;
    return [
      {
        what: `deliveries to one endpoint, with ${behind} of four weeks behind them`,
        value: median(measured.full),
        unit: 'webhooks/s',
        limit: {
          what: `the same with an empty history, in turns, medians of ${ROUNDS}`,
          value: median(measured.empty),
        },
        target: { ratio: 0.9 },
      },
    ];
  } finally {
    for (const world of worlds) await world.close();
  }
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** A sender with its own database and sink. */
interface World {
  readonly pool: pg.Pool;
  /** @returns deliveries a second, from the commit of their events to the last receipt */
  flood(): Promise<number>;
  close(): Promise<void>;
}

/** @param opened the list that the sender is added to, so that it is closed at the end */
const openWorld = async (opened: World[]): Promise<World> => {
  const database = await startDatabase();
  const { orm, pool } = await openDatabase({
    url: database.url,
    schema: 'webhooks',
    entities: [],
    migrations: webhooksService.migrations,
    onError: (error) => console.error(error),
  });
  const sink = await startSink();
  const sender = new Sender({
    pool,
    settings: defaultSettings,
    refused: refusedAddresses(['127.0.0.0/8']),
    masterKey: { open: () => SECRET },
    onGone: () => Promise.reject(new Error('unexpected 410')),
    onError: (error, what) => console.error(what, error),
  });
  const world: World = {
    pool,
    flood: async () => {
      const wanted = sink.received + FLOOD;
      await takeIn(pool, FLOOD);
      const start = performance.now();
      while (sink.received < wanted) await sleep(5);
      return FLOOD / ((performance.now() - start) / 1_000);
    },
    close: async () => {
      await sender.stop();
      await orm.destroy();
      await database.stop();
      sink.server.close();
      sink.server.closeAllConnections();
    },
  };
  opened.push(world);
  await makeHistory(pool);
  await pool.query(
    `insert into webhook_endpoints (id, version, url, events, ordering, active, secrets, settings, created_at)
     values ($1, 1, $2, '["license.*"]', 'none', true, '[{"sealed": "", "valid_until": null}]', '{}', now())`,
    [ENDPOINT, sink.url],
  );
  sender.start();
  return world;
};

interface Sink {
  readonly url: string;
  readonly server: Server;
  received: number;
}

const startSink = async (): Promise<Sink> => {
  const server = createServer((message, response) => {
    message.resume().on('end', () => {
      sink.received++;
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sink = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server, received: 0 };
  return sink;
};

/**
 * Deliveries that arrived at their first attempt, one per event, spread over the last four weeks. Their ids ascend and are lower
 * than the ids of new deliveries, as in production: indexes grow at their end.
 */
const fill = async (pool: pg.Pool): Promise<void> => {
  const { rows } = await pool.query<{ day: number }>(`select (extract(epoch from now())::bigint / 86400)::int as day`);
  const today = rows[0]?.day ?? 0;
  await pool.query('select make_history($1, $2)', [today - 28, today]);
  for (let done = 0; done < ATTEMPTS; done += AT_ONCE) {
    await pool.query(
      `with numbered as materialized (
         select n, nextval('event_positions') as position, $3::int - 28 + (n * 28 / $4::bigint)::int as day,
           lpad(n::text, 26, '0') as name
         from generate_series($1::bigint, $2::bigint) n
       ), events as (
         insert into outgoing_events (position, day, event_id, type, body)
         select position, day, 'evt_' || name, 'license.created', repeat('x', 400) from numbered
       ), tried as (
         insert into attempts (delivery_id, day, at, endpoint_version, duration_ms, response_status, response_body)
         select 'dlv_' || name, day, to_timestamp(day * 86400 + n % 86400), 1, 5, 204, '' from numbered
       )
       insert into deliveries (id, day, seq, endpoint_id, event_id, event_type, status, attempts, response_status, settled_at)
       select 'dlv_' || name, day, position, $5, 'evt_' || name, 'license.created', 'succeeded', 1, 204, now() from numbered`,
      [done, Math.min(done + AT_ONCE, ATTEMPTS) - 1, today, ATTEMPTS, ENDPOINT],
    );
  }
  await pool.query('vacuum analyze');
  // Writes the data of the filling to disk now, so that this does not happen during the measurement.
  await pool.query('checkpoint');
};
