/**
 * Month end: the renewals of `RENEWALS` subscriptions (default: 100,000) are due at one moment, and the process of the billing
 * service invoices them in one sweep. Compared with the bare INSERTs of the events that it wrote. Then a fifth as many are due, and
 * the process is killed twice in the middle: nothing is lost, nothing is made twice.
 *
 * Mails are off: their documents are rendered in a thread that takes a core for much longer than the sweep. With
 * `KEYLEDGER_BILLING_MAILS=on` both are measured together.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startAndWaitFor, stop } from '../support/children.ts';
import { PROCESS, startInstance } from '../support/instance.ts';
import { startDatabase } from './database.ts';
import { cpuSeconds, residentMegabytes } from './process-costs.ts';
import { fill, makeTemplate, type Template } from './renewals.fill.ts';
import type { Figure } from './report.ts';

const RENEWALS = Number(process.env['RENEWALS'] ?? 100_000);
const KILLED = RENEWALS / 5;
/** Rows of one bare INSERT: as many as a full write of the event store. */
const ROWS = 1_000;

/** A sweep that takes longer shows its progress in the log. */
const PROGRESS_SECONDS = 15;

export const run = async (): Promise<Figure[]> => {
  const database = await startDatabase();
  const client = new pg.Client({ connectionString: database.url, options: '-c search_path=billing' });
  try {
    const master = randomBytes(32);
    const env = { DATABASE_URL: database.url, KEYLEDGER_MASTER_KEY: master.toString('base64') };
    const instance = await startInstance(env);
    await client.connect();
    const template = await makeTemplate(instance)
      .then((made) => settled(client, made))
      .finally(() => instance.stop());
    await fill(database.url, template, [0, RENEWALS], master);
    const swept = await sweep(client, env);
    const bare = await inserts(client, swept);
    await fill(database.url, template, [RENEWALS, RENEWALS + KILLED], master);
    await sweepKilled(client, env);
    await assertOnce(client, RENEWALS + KILLED);
    return [
      {
        what: `${RENEWALS.toLocaleString('en-US')} renewals invoiced in one sweep`,
        value: swept.perSecond,
        unit: 'renewals/s',
        limit: { what: `their events by INSERTs of ${ROWS} rows, renewals/s`, value: bare },
        target: { atLeast: 2_000 },
      },
      { what: 'memory of the process meanwhile, at most', value: swept.megabytes, unit: 'MB', target: { atMost: 350 } },
      { what: 'the same, when half were done', value: swept.halfway, unit: 'MB' },
      { what: 'CPU for 1,000 renewals, process', value: swept.cpu.process, unit: 's' },
      { what: 'CPU for 1,000 renewals, database', value: swept.cpu.database, unit: 's' },
      {
        what: `lost or doubled of ${KILLED.toLocaleString('en-US')} more, killed twice`,
        value: 0,
        unit: 'invoices',
        target: { atMost: 0 },
      },
    ];
  } finally {
    await client.end();
    await database.stop();
  }
};

/** Waits until the subscription knows that its first invoice is paid. */
const settled = async (client: pg.Client, template: Template): Promise<Template> => {
  for (;;) {
    const { rows } = await client.query(`select from subscriptions where id = $1 and state -> 'unpaid' = '[]'`, [
      template.subscription,
    ]);
    if (rows.length > 0) return template;
    await sleep(20);
  }
};

interface Swept {
  readonly perSecond: number;
  /** Positions in the log between which its events are. */
  readonly from: number;
  readonly to: number;
  readonly megabytes: number;
  readonly halfway: number;
  /** Seconds for 1,000 renewals. */
  readonly cpu: { readonly process: number; readonly database: number };
}

const startBilling = (env: NodeJS.ProcessEnv) =>
  startAndWaitFor([...PROCESS, 'billing'], /Server listening/, {
    MALLOC_ARENA_MAX: '2',
    MALLOC_MMAP_THRESHOLD_: '131072',
    KEYLEDGER_BILLING_MAILS: 'off',
    ...process.env,
    ...env,
    PORT: '0',
  });

const sweep = async (client: pg.Client, env: NodeJS.ProcessEnv): Promise<Swept> => {
  const from = await position(client);
  const { child, output } = await startBilling(env);
  try {
    const database = await postmaster(client);
    const before = [cpuSeconds(child.pid ?? 0), cpuSeconds(database)];
    let [megabytes, halfway] = [0, 0];
    for (let left = await open(client); left > 0; left = await open(client)) {
      const used = residentMegabytes(child.pid ?? 0);
      megabytes = Math.max(megabytes, used);
      if (left > RENEWALS / 2) halfway = used;
      await sleep(500);
    }
    const after = [cpuSeconds(child.pid ?? 0), cpuSeconds(database)];
    const [process = NaN, server = NaN] = after.map((used, n) => ((used - (before[n] ?? 0)) / RENEWALS) * 1_000);
    const { rows } = await client.query<{ seconds: string; to: string }>(
      `select extract(epoch from max(recorded_at) - min(recorded_at)) as seconds, max(position) as to
        from events where position > $1`,
      [from],
    );
    const [{ seconds, to } = { seconds: 'NaN', to: 'NaN' }] = rows;
    if (Number(seconds) > PROGRESS_SECONDS && !output.some((line) => line.includes('"left"')))
      throw new Error('the log shows no progress');
    return {
      perSecond: RENEWALS / Number(seconds),
      from,
      to: Number(to),
      megabytes,
      halfway,
      cpu: { process, database: server },
    };
  } finally {
    await stop(child);
  }
};

/** The main process of PostgreSQL: the parent of all connections. */
const postmaster = async (client: pg.Client): Promise<number> => {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const stat = readFileSync(`/proc/${rows[0]?.pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
};

const position = async (client: pg.Client): Promise<number> => {
  const { rows } = await client.query<{ max: string }>('select max(position) from events');
  return Number(rows[0]?.max);
};

/** Renewals that are due, and invoices that are not finished. */
const open = async (client: pg.Client): Promise<number> => {
  const { rows } = await client.query<{ count: string }>(
    `select (select count(*) from subscriptions where due_at < now())
      + (select count(*) from uninvoiced_charges)
      + (select count(*) from unfinished_documents) as count`,
  );
  return Number(rows[0]?.count);
};

/** Kills the process when a third is done, and when two thirds are. */
const sweepKilled = async (client: pg.Client, env: NodeJS.ProcessEnv): Promise<void> => {
  for (const left of [(KILLED * 2) / 3, KILLED / 3]) {
    const { child } = await startBilling(env);
    while ((await open(client)) > left) await sleep(10);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  const { child } = await startBilling(env);
  while ((await open(client)) > 0) await sleep(200);
  await stop(child);
};

/** Each subscription was renewed once and has one invoice for it, and numbers have no gap. @throws if not */
const assertOnce = async (client: pg.Client, renewals: number): Promise<void> => {
  // The template has one invoice too.
  const expected = {
    charges: renewals,
    subscriptions: renewals,
    invoices: renewals + 1,
    numbers: renewals + 1,
    last: renewals + 1,
  };
  const { rows } = await client.query<Record<string, string>>(
    `select
      (select count(*) from events where type = 'subscription.renewal_invoiced') as charges,
      (select count(distinct stream_id) from events where type = 'subscription.renewal_invoiced') as subscriptions,
      (select count(distinct data ->> 'number') from events where type = 'invoice.finalized') as invoices,
      (select count(*) from events where type = 'number.assigned') as numbers,
      (select max((data ->> 'count')::int) from events where type = 'number.assigned') as last`,
  );
  for (const [name, value] of Object.entries(expected))
    if (Number(rows[0]?.[name]) !== value) throw new Error(`${name}: ${rows[0]?.[name]} in place of ${value}`);
};

/** @returns renewals/s at which the same events are inserted */
const inserts = async (client: pg.Client, { from, to }: Swept): Promise<number> => {
  await client.query('create table limit_events (like events including all)');
  const start = performance.now();
  for (let at = from; at < to; at += ROWS) {
    await client.query({
      name: 'limit',
      text: `insert into limit_events (id, stream_id, version, type, schema_version, data, metadata)
        select id, stream_id, version, type, schema_version, data, metadata
        from events where position > $1 and position <= $2 order by position`,
      values: [at, Math.min(at + ROWS, to)],
    });
  }
  const perSecond = RENEWALS / ((performance.now() - start) / 1000);
  await client.query('drop table limit_events');
  return perSecond;
};
