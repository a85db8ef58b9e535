/** A process that appends: `appender.ts URL STREAMS COMMANDS CALLERS LIMIT`. Prints the outcomes of its commands as JSON. */
import pg from 'pg';
import { PostgresEventStore } from '#events/store/postgres-event-store';
import { counters, increase, metadata } from './counter.ts';

const [url, streams = '', commands, callers, limit] = process.argv.slice(2);
const names = streams.split(',');
const pool = new pg.Pool({ connectionString: url, options: '-c search_path=things', pipeline: true });
const store = await PostgresEventStore.open({
  pool,
  schema: 'things',
  streams: [counters],
  projections: [],
  keys: { wrap: (key) => key, unwrap: (key) => key },
});
const ended: Record<string, number> = {};
let sent = 0;

const call = async (): Promise<void> => {
  while (sent < Number(commands)) {
    const stream = names[sent++ % names.length] ?? '';
    const result = await store.handle(counters, stream, increase(Number(limit)), { metadata }).then(
      () => 'accepted',
      (error: unknown) => (error instanceof Error ? error.name : String(error)),
    );
    ended[result] = (ended[result] ?? 0) + 1;
  }
};
await Promise.all(Array.from({ length: Number(callers) }, call));
await store.close();
await pool.end();
process.stdout.write(JSON.stringify(ended));
