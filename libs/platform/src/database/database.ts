import type { Pool } from 'pg';
import type { DataSource, EntitySchema, MigrationInterface } from 'typeorm';

/** One service's place in PostgreSQL: a schema of its own, one pool, TypeORM on the same pool. */
export interface ServiceDatabase {
  readonly schema: string;
  readonly pool: Pool;
  readonly orm: DataSource;
}

export type EntityClass = (new () => object) | EntitySchema;
export type MigrationClass = new () => MigrationInterface;
