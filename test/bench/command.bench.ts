/** Whole commands: decide, append and project into a read table in one transaction. Also measures one hot stream. */
import type { StreamType } from '#events/decider';
import { tableProjection } from '#events/projection/table';
import { freshStore, startDatabase } from './database.ts';
import { measure } from './measure.ts';
import type { Figure } from './report.ts';

const SECONDS = 4;

type CounterEvent = { readonly type: 'counter.increased'; readonly by: number };
interface CounterState {
  readonly total: number;
}

const counters: StreamType<CounterState, CounterEvent> = {
  name: 'counter',
  initialState: { total: 0 },
  evolve: (state, event) => ({ total: state.total + event.by }),
};

const increase =
  (limit: number) =>
  (state: CounterState): CounterEvent[] => {
    if (state.total + 1 > limit) throw new Error('LIMIT_REACHED');
    return [{ type: 'counter.increased', by: 1 }];
  };

const metadata = { actor: { type: 'system', id: 'bench' }, correlation_id: 'bench' } as const;

const table = tableProjection<{ id: string; total: number; version: number }, CounterEvent>({
  table: { name: 'counters', key: ['id'], columns: { id: 'text', total: 'bigint', version: 'integer' } },
  types: ['counter.*'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { stream_id, version, event }) => ({
    id: stream_id,
    total: Number(row?.total ?? 0) + event.by,
    version,
  }),
});

export const run = async (): Promise<Figure[]> => {
  const database = await startDatabase();
  const figures: Figure[] = [];
  try {
    const { store, close } = await freshStore(database, 'bench_command', {
      streams: [counters],
      projections: [table],
      tables: 'create table counters (id text primary key, total bigint not null, version integer not null)',
    });
    try {
      let stream = 0;
      for (const callers of [1, 16, 32, 100]) {
        const { perSecond } = await measure(callers, SECONDS, () =>
          store.handle(counters, `counter_${stream++ % 10_000}`, increase(Infinity), { metadata }),
        );
        figures.push({
          what: `command with its read table, ${callers} caller${callers === 1 ? '' : 's'}`,
          value: perSecond,
          unit: 'commands/s',
          ...(callers === 32 ? { target: { atLeast: 8_000 } } : {}),
        });
      }
      const hot = await measure(64, SECONDS, () =>
        store.handle(counters, 'counter_hot', increase(Infinity), { metadata }),
      );
      figures.push({
        what: 'hot counter, 64 callers on one stream',
        value: hot.perSecond,
        unit: 'commands/s',
        target: { atLeast: 5_000 },
      });
    } finally {
      await close();
    }
    return figures;
  } finally {
    await database.stop();
  }
};
