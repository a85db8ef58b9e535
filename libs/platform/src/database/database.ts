import type { Pool } from 'pg';
import type { DataSource, EntitySchema, MigrationInterface } from 'typeorm';

/** One service's part of the database: its own schema, one pool, and TypeORM on the same pool. */
export interface ServiceDatabase {
  readonly schema: string;
  readonly pool: Pool;
  readonly orm: DataSource;
}

export type EntityClass = (new () => object) | EntitySchema;
export type MigrationClass = new () => MigrationInterface;
