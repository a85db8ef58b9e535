import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import type { PublishedEvent } from '#events/event';
import { KafkaSource } from '#events/kafka/kafka.source';
import { startRelay } from '#events/kafka/relay';
import type { KafkaOptions } from '#events/kafka/topic';
import type { Leadership } from '#events/leader';
import type { EventSource } from '#events/source';
import { LogSource } from '#events/source/log.source';
import type { PostgresEventStore } from '#events/store/postgres-event-store';
import { SubscriptionRunner } from '#events/subscription/runner';
import { eventually } from '../support/app.ts';
import type { TestKafka } from '../support/kafka.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';
import { contractsOf, items, ledger, migrate, openShop, poolOf, sale } from './shop.ts';

/** How events get from the shop to the ledger; without `kafka` the ledger reads the log directly. */
export interface Transport {
  readonly kafka?: KafkaOptions;
  /** The Kafka broker, which tests may kill. */
  readonly broker?: TestKafka;
}

export interface Effect {
  readonly event_id: string;
  readonly subject: string;
  readonly version: number;
}

export interface ConsumeOptions {
  /** Runs before the effects of a batch. */
  readonly before?: (batch: readonly PublishedEvent[]) => void | Promise<void>;
  /** Maximum number of events in one transaction. */
  readonly share?: number;
  readonly ladder?: readonly number[];
  readonly kafka?: KafkaOptions;
}

/** A shop, a ledger, and the transport between them, on their own database. */
export class World {
  readonly errors: string[] = [];
  readonly #stops: (() => Promise<unknown>)[] = [];
  readonly #relays: Leadership[] = [];

  private constructor(
    readonly shop: string,
    readonly database: TestDatabase,
    readonly transport: Transport,
    readonly shopPool: Pool,
    readonly ledgerPool: Pool,
    /** For reading the ledger's tables; its connections are never cut. */
    readonly view: Pool,
    readonly store: PostgresEventStore,
  ) {}

  static async open(transport: Transport): Promise<World> {
    const database = await freshDatabase();
    const shop = `shop_${randomBytes(4).toString('hex')}`;
    await migrate(database.url, shop);
    const pool = poolOf(database.url, shop);
    const ledgerPool = poolOf(database.url, 'ledger');
    const world = new World(
      shop,
      database,
      transport,
      pool,
      ledgerPool,
      poolOf(database.url, 'ledger', 'view'),
      await openShop(pool, shop),
    );
    if (transport.kafka !== undefined) world.relay();
    return world;
  }

  relay(kafka = this.transport.kafka): void {
    if (kafka === undefined) throw new Error('there is no relay without Kafka');
    const service = this.shop;
    this.#relays.push(
      startRelay({ pool: this.shopPool, service, contracts: contractsOf(service), kafka, onError: this.#note }),
    );
  }

  async stopRelays(): Promise<void> {
    await Promise.all(this.#relays.splice(0).map((relay) => relay.stop()));
  }

  source(kafka = this.transport.kafka, group = `${this.shop}.ledger.totals`): EventSource {
    return kafka === undefined
      ? new LogSource(this.shop, this.ledgerPool, contractsOf(this.shop), this.#note)
      : new KafkaSource({ kafka, service: this.shop, group, onError: this.#note });
  }

  /** An instance of the ledger's subscription. @returns stops it */
  consume({ before, share, ladder, kafka = this.transport.kafka }: ConsumeOptions = {}): () => Promise<void> {
    const source = this.source(kafka);
    const subscription = ledger(this.shop, before, share);
    const runner = new SubscriptionRunner({ pool: this.ledgerPool, source, subscription, onError: this.#note, ladder });
    runner.start();
    let stopped: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopped ??= runner.stop().then(() => source.close()));
    this.#stops.push(stop);
    return stop;
  }

  /** Sells one piece of an item this many times, one after the other. */
  async sell(item: string, times = 1, metadata: { traceparent?: string } = {}): Promise<void> {
    for (let n = 0; n < times; n++) {
      await this.store.handle(items, item, sale, {
        metadata: { actor: { type: 'system', id: 'test' }, correlation_id: 'test', ...metadata },
      });
    }
  }

  async effects(subject?: string): Promise<Effect[]> {
    const { rows } = await this.view.query<Effect>(
      'select event_id, subject, version from effects where $1::text is null or subject = $1 order by n',
      [subject ?? null],
    );
    return rows;
  }

  /** Versions of a subject in the order of their effects. */
  async versions(subject: string): Promise<number[]> {
    return (await this.effects(subject)).map(({ version }) => version);
  }

  async countEffects(): Promise<number> {
    const { rows } = await this.view.query<{ count: number }>('select count(*)::int as count from effects');
    return rows[0]?.count ?? 0;
  }

  /** Events of the log that must have an effect. */
  async countSold(): Promise<number> {
    const { rows } = await this.shopPool.query<{ count: number }>(
      `select count(*)::int as count from events where type = 'item.sold'`,
    );
    return rows[0]?.count ?? 0;
  }

  async untilEffects(count: number): Promise<void> {
    try {
      await eventually(async () => (await this.countEffects()) >= count);
    } catch (error) {
      // Reports where events are stuck; the name of the test alone does not tell that.
      const { rows: reached } = await this.view.query('select * from checkpoints order by subscription, partition');
      const { rows: sent } = await this.shopPool.query('select * from checkpoints');
      throw new Error(
        `${await this.countEffects()} of ${count} effects (${await this.countSold()} sold): ` +
          JSON.stringify({ reached, sent, errors: this.errors }),
        { cause: error },
      );
    }
  }

  /** Every published event of the log has had one effect, in order for each subject, and the totals agree. */
  async expectEachEffectOnce(): Promise<void> {
    const { rows: log } = await this.shopPool.query<Effect>(
      `select id as event_id, stream_id as subject, version from events where type = 'item.sold' order by position`,
    );
    expect(idsBySubject(await this.effects())).toEqual(idsBySubject(log));
    await this.expectTotals();
  }

  /** The totals in the ledger's table equal those of the shop's log. */
  async expectTotals(): Promise<void> {
    const { rows: expected } = await this.shopPool.query(
      `select stream_id as id, max(version) as version, count(*)::int as pieces from events
       where type = 'item.sold' group by stream_id order by stream_id`,
    );
    const { rows: found } = await this.view.query('select id, version, pieces from totals order by id');
    expect(found).toEqual(expected);
  }

  async close(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
    await this.stopRelays();
    await this.store.close();
    await Promise.all([this.shopPool.end(), this.ledgerPool.end(), this.view.end()]);
    await this.database.drop();
  }

  readonly #note = (error: unknown, what = ''): void => {
    this.errors.push(`${what}: ${String(error)}`);
    if (process.env['TEST_LOG'] !== undefined) console.error(what, error);
  };
}

const idsBySubject = (effects: readonly Effect[]): Record<string, string[]> => {
  const bySubject: Record<string, string[]> = {};
  for (const { subject, event_id } of effects) (bySubject[subject] ??= []).push(event_id);
  return bySubject;
};

/** Makes a handler fail for the events that `fails` selects, for as long as it selects them. */
export const failing =
  (fails: (event: PublishedEvent) => boolean) =>
  (batch: readonly PublishedEvent[]): void => {
    const poison = batch.find(fails);
    if (poison !== undefined) throw new Error(`cannot take ${poison.subject} ${poison.streamversion}`);
  };
