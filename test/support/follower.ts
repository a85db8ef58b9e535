import { contracts } from './product.ts';
import { recordedFrom } from '#events/projection/recorded';
import { contractsByType, readPublished } from '#events/publish';
import type { Projection } from '#events/store';
import { inTransaction } from '#events/subscription/transaction';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, type ServiceDefinition } from '#platform/service';
import { eventually, startApp, type TestApp } from './app.ts';
import { LicensingLog, licensingStandIn } from './licensing-log.ts';

type Row = Record<string, unknown>;

/** A service that follows the events of licensing, started beside the stand-in for licensing. */
export class Follower {
  private constructor(
    private readonly app: TestApp,
    private readonly service: ServiceDefinition,
    private readonly database: ServiceDatabase,
    readonly licensing: LicensingLog,
  ) {}

  static async start(service: ServiceDefinition): Promise<Follower> {
    const app = await startApp({ services: [licensingStandIn, service] });
    const database = app.app.nest.select(service.module).get<ServiceDatabase>(DATABASE, { strict: false });
    return new Follower(app, service, database, app.app.nest.get(LicensingLog));
  }

  async row(table: string, id: string): Promise<Row | undefined> {
    const text = `select * from ${this.service.name}.${table} where id = $1`;
    return (await this.database.pool.query<Row>(text, [id])).rows[0];
  }

  /** The row, once it has followed the stream up to a version. */
  rowAt(table: string, id: string, version: number): Promise<Row> {
    return eventually(async () => {
      const found = await this.row(table, id);
      return found?.['version'] === version ? found : undefined;
    });
  }

  /** Hands all published events of licensing to a projection again. @returns their subjects */
  async deliverAgain(projection: Projection): Promise<string[]> {
    const { pool } = this.database;
    const { events } = await readPublished(pool, 'licensing', contractsByType(contracts), { after: 0, limit: 1_000 });
    await inTransaction(pool, (tx) => projection.handle(events.map(recordedFrom), tx));
    return events.map(({ subject }) => subject);
  }

  close(): Promise<void> {
    return this.app.close();
  }
}
