import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { keyedPool } from '#events/subscription/transaction';
import { eventually } from '../../../../test/support/app.ts';
import { freshServiceDatabase, type TestServiceDatabase } from '../../../../test/support/service-database.ts';
import { DUE_CHANNEL } from '../deliveries/delivery.table.ts';
import { makeHistory } from '../history/history.ts';
import { TODAY } from '../history/days.ts';
import { webhooksService } from '../webhooks.module.ts';
import { refusedAddresses } from './addresses.ts';
import { Claims } from './claims.ts';
import { Lane } from './lane.ts';
import { Sender } from './sender.ts';
import { defaultSettings, type DeliverySettings } from './settings.ts';

const LANE = 'whk_1';
const SECRET = Buffer.from(`whsec_${Buffer.alloc(32, 1).toString('base64')}`);
const complain = (error: unknown): void => {
  throw error instanceof Error ? error : new Error(String(error));
};

describe('claims of due deliveries', () => {
  let open: TestServiceDatabase;
  let keyed: Pool;
  let sink: Server;
  const received: string[] = [];
  /** Answers evt_9, which the endpoint holds back. */
  let answer: () => void = () => undefined;
  let onReceipt: () => void = () => undefined;
  beforeEach(async () => {
    received.length = 0;
    onReceipt = () => undefined;
    sink = createServer((message, response) => {
      received.push(String(message.headers['webhook-id']));
      message.resume();
      const end = (): unknown => response.writeHead(204).end();
      onReceipt();
      if (received.at(-1) === 'evt_9') answer = end;
      else message.on('end', end);
    });
    await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
    open = await freshServiceDatabase('webhooks', webhooksService.migrations);
    await makeHistory(open.pool);
    keyed = keyedPool(open.pool, 2, complain);
    await open.pool.query(
      `insert into webhook_endpoints (id, version, url, events, ordering, active, secrets, settings, created_at)
       values ($1, 1, $2, '["*"]', 'none', true, '[{"sealed": "", "valid_until": null}]', '{}', now())`,
      [LANE, `http://127.0.0.1:${(sink.address() as AddressInfo).port}/`],
    );
  });
  afterEach(async () => {
    await keyed.end();
    await open.drop();
    sink.close();
  });

  /** Makes a delivery due, `ago` milliseconds before the transaction began. */
  const due = async (n: number, ago = 0, client: Pool | PoolClient = open.pool): Promise<void> => {
    await client.query(
      `with event as (
         insert into outgoing_events (day, event_id, type, body) values (${TODAY}, $1, 'license.created', '{"data":{}}')
       )
       insert into deliveries (id, day, seq, endpoint_id, event_id, event_type, status, due_at)
       values ($2, ${TODAY}, $3, $4, $1, 'license.created', 'pending', now() - $5 * interval '1 millisecond')`,
      [`evt_${n}`, `dlv_${n}`, n, LANE, ago],
    );
    await client.query(`select pg_notify('${DUE_CHANNEL}', $1)`, [LANE]);
  };

  it('continue behind the last claim, and begin again when told to', async () => {
    const claims = new Claims(open.pool, keyed, '00000000-0000-4000-8000-000000000000', 15_000);
    const lane = new Lane(2);
    const take = async (places: number): Promise<string[]> => {
      const { claimed } = await claims.take(new Map([[LANE, places]]), new Map([[LANE, lane.beginClaim()]]));
      for (const one of claimed) lane.add(one);
      return claimed.map(({ id }) => id);
    };
    for (const [n, ago] of [
      [1, 9_000],
      [2, 8_000],
      [3, 8_000],
      [4, 7_000],
    ] as const)
      await due(n, ago);
    expect(await take(2)).toEqual(['dlv_1', 'dlv_2']);
    await claims.release([{ id: 'dlv_1', day: await today() }]);
    expect(await take(1)).toEqual(['dlv_3']);
    await due(5, 8_500);
    await due(6, 9_500);
    lane.tell();
    // Claims overlap by a second, so dlv_5 is found and dlv_6 is not.
    expect(await take(9)).toEqual(['dlv_4', 'dlv_5']);
    expect(await take(9)).toEqual([]);
    lane.startOver();
    expect((await take(9)).sort()).toEqual(['dlv_1', 'dlv_6']);
  });

  it('are renewed without waiting for a delivery that is locked', async () => {
    const claims = new Claims(open.pool, keyed, '00000000-0000-4000-8000-000000000000', 15_000);
    await due(1);
    await due(2);
    await claims.take(new Map([[LANE, 2]]), new Map());
    const day = await today();
    const writing = await open.pool.connect();
    await writing.query(`begin; select from deliveries where id = 'dlv_1' for update`);
    expect(await claims.renew(['dlv_1', 'dlv_2'].map((id) => ({ id, day })))).toEqual(new Set(['dlv_2']));
    await writing.query('rollback');
    writing.release();
  });

  it('that expire together while the process is blocked are released, and claimed again', async () => {
    const [COUNT, LEASE] = [5_000, 5_000];
    await open.pool.query(
      `with event as (
         insert into outgoing_events (day, event_id, type, body)
         select ${TODAY}, 'evt_many_' || n, 'license.created', '{"data":{}}' from generate_series(1, $2::int) as n
       )
       insert into deliveries (id, day, seq, endpoint_id, event_id, event_type, status, due_at)
       select 'dlv_many_' || n, ${TODAY}, n, $1, 'evt_many_' || n, 'license.created', 'pending', now()
       from generate_series(1, $2::int) as n`,
      [LANE, COUNT],
    );
    const standStill = (): void => {
      onReceipt = () => undefined;
      for (const over = performance.now() + LEASE; performance.now() < over;);
    };
    onReceipt = standStill;
    const sender = startSender({ poll: 100, lease: LEASE, concurrency: COUNT, claimed_at_once: COUNT });
    try {
      await eventually(() => new Set(received).size === COUNT);
    } finally {
      await sender.stop();
    }
  });

  const startSender = (settings: Partial<DeliverySettings>): Sender => {
    const sender = new Sender({
      pool: open.pool,
      settings: { ...defaultSettings, ...settings },
      refused: refusedAddresses(['127.0.0.0/8']),
      masterKey: { open: () => SECRET },
      onGone: () => Promise.reject(new Error('no endpoint answered 410')),
      onError: complain,
    });
    sender.start();
    return sender;
  };

  const today = async (): Promise<number> =>
    (await open.pool.query<{ day: number }>(`select ${TODAY} as day`)).rows[0]?.day ?? 0;

  it.each([
    ['was committed after later ones had been sent, at once', 0, 60_000],
    ['became due long before it was committed, at the next look', 30_000, 100],
  ])('find a delivery that %s', async (_what, ago, poll) => {
    const sender = startSender({ poll });
    const late = await open.pool.connect();
    try {
      // An attempt under way keeps the lane in memory.
      await due(9);
      await eventually(() => received.includes('evt_9'));
      await late.query('begin');
      await due(2, ago, late);
      await sleep(100);
      await due(3);
      await eventually(() => received.includes('evt_3'));
      await late.query('commit');
      await eventually(() => received.includes('evt_2'));
      expect(received.toSorted()).toEqual(['evt_2', 'evt_3', 'evt_9']);
    } finally {
      answer();
      late.release();
      await sender.stop();
    }
  });
});
