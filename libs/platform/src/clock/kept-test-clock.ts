import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { hear } from '#events/hearing';
import { pause } from '#events/leader';
import type { Progress } from '../background/run-work.ts';
import { wakeWork } from '../background/wake-work.ts';
import type { TestClock } from './test-clock.ts';

/** How often an instance says that it is alive and reads the position, in milliseconds. */
const HEARTBEAT_MS = 1_000;
/** An instance that was silent for so many seconds is not waited for. */
const ALIVE_SECONDS = 5;

interface Position {
  readonly now: Date;
  /** Rises with each request to catch up; 0 = the clock was never set. */
  readonly request: number;
}

/** The test clock as a service keeps it in its schema: it survives restarts, and all instances of the service follow it. */
export class KeptTestClock implements Progress {
  readonly #instance = randomUUID();
  readonly #stopping = new AbortController();
  #stopListening: (() => Promise<void>) | undefined;
  #beating: Promise<void> | undefined;
  /** One acknowledgement at a time. */
  #acknowledging: Promise<void> = Promise.resolve();

  constructor(
    private readonly clock: TestClock,
    private readonly pool: Pool,
    readonly service: string,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Sets the process's clock to the position that was kept, and follows the position from then on. */
  async start(): Promise<void> {
    await this.pool.query(`delete from test_clock_instances where seen_at < clock_timestamp() - interval '1 minute'`);
    await this.#acknowledge();
    this.#stopListening = hear(this.pool, {
      channels: [this.#channel],
      told: () => this.#acknowledgeSoon(),
      missed: () => this.#acknowledgeSoon(),
      onError: this.onError,
    });
    this.#beating = this.#beat();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#stopListening?.(), this.#beating, this.#acknowledging]);
    await this.pool.query('delete from test_clock_instances where instance = $1', [this.#instance]);
  }

  /** Time that was kept; undefined if the clock was never set. */
  async kept(): Promise<Date | undefined> {
    const { now, request } = await this.#position();
    return request === 0 ? undefined : now;
  }

  async begin(): Promise<number> {
    const { now, request } = await this.#position();
    if (request > 0) this.clock.moveTo(now);
    return request;
  }

  async caughtUp(work: string, request: number): Promise<void> {
    await this.pool.query({
      name: 'test_clock_caught_up',
      text: `insert into test_clock_work as w (work, request) values ($1, $2)
        on conflict (work) do update set request = excluded.request where w.request < excluded.request`,
      values: [work, request],
    });
  }

  /** Moves the clock forward, never back, and asks every instance and all work to catch up. @returns the number of the request */
  async move(to: Date): Promise<number> {
    const { rows } = await this.pool.query<{ request: string }>(
      `insert into test_clock as c (now, request) values ($1, 1)
       on conflict (only_row) do update set now = greatest(c.now, excluded.now), request = c.request + 1
       returning request`,
      [to],
    );
    await this.pool.query('select pg_notify($1, $2)', [this.#channel, '']);
    await wakeWork(this.pool, this.service, '');
    return Number(rows[0]?.request);
  }

  /** What has not caught up with a request yet: names of work, and `instance …`. */
  async behind(request: number, work: readonly string[]): Promise<string[]> {
    const { rows } = await this.pool.query<{ name: string }>({
      name: 'test_clock_behind',
      text: `select 'instance ' || instance as name from test_clock_instances
          where request < $1 and seen_at > clock_timestamp() - make_interval(secs => $3)
        union all
        select name from unnest($2::text[]) as name
          where not exists (select 1 from test_clock_work w where w.work = name and w.request >= $1)`,
      values: [request, work, ALIVE_SECONDS],
    });
    return rows.map(({ name }) => name);
  }

  get #channel(): string {
    return `keyledger_test_clock_${this.service}`;
  }

  async #position(): Promise<Position> {
    const { rows } = await this.pool.query<{ now: Date; request: string }>({
      name: 'test_clock_position',
      text: 'select now, request from test_clock',
    });
    const [row] = rows;
    return row === undefined ? { now: this.clock.now(), request: 0 } : { now: row.now, request: Number(row.request) };
  }

  /** Moves this process's clock, and says so. */
  async #acknowledge(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const request = await this.begin();
    await this.pool.query({
      name: 'test_clock_acknowledge',
      text: `insert into test_clock_instances as i (instance, request, seen_at) values ($1, $2, clock_timestamp())
        on conflict (instance) do update set request = greatest(i.request, excluded.request), seen_at = excluded.seen_at`,
      values: [this.#instance, request],
    });
  }

  #acknowledgeSoon(): void {
    this.#acknowledging = this.#acknowledging.then(() => this.#acknowledge()).catch(this.onError);
  }

  async #beat(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await pause(HEARTBEAT_MS, signal);
      this.#acknowledgeSoon();
      await this.#acknowledging;
    }
  }
}
