import { parse } from 'csv-parse/sync';

/** A grant as `POST /admin/grants` takes it. */
export interface WantedGrant {
  readonly user: string;
  /** Slug, or id. */
  readonly plan: string;
  readonly reason: string;
  readonly email?: string | undefined;
  readonly duration?: string | undefined;
  readonly granted_by?: string | undefined;
}

/** A grant of a line of a file. */
export interface GrantLine extends WantedGrant {
  readonly line: number;
}

const COLUMNS = ['user', 'email', 'plan', 'duration', 'reason', 'granted_by'] as const;
const REQUIRED = ['user', 'plan', 'reason'] as const;

interface Row {
  readonly record: Readonly<Record<string, string>>;
  readonly info: { readonly lines: number };
}

/**
 * Reads grants from a CSV file. Its first line names the columns: `user`, and any of `email`, `plan`, `duration`, `reason`,
 * `granted_by`. A cell that is empty or missing has the value of the command's option.
 * @param file its name, for errors
 * @throws Error that names the line, before anything is granted
 */
export const readGrants = (text: string, file: string, options: Partial<WantedGrant>): GrantLine[] => {
  const rows = parsed(text, file);
  return rows.map(({ record, info: { lines: line } }): GrantLine => {
    const given = Object.fromEntries(Object.entries(record).filter(([, cell]) => cell !== ''));
    const grant: Partial<GrantLine> = { ...options, ...given, line };
    const missing = REQUIRED.find((field) => grant[field] === undefined);
    if (missing !== undefined)
      throw new Error(`${file}, line ${line}: ${missing} is missing. Fill in the column, or give --${missing}.`);
    return grant as GrantLine;
  });
};

const parsed = (text: string, file: string): Row[] => {
  try {
    return parse(text, {
      bom: true,
      columns: (heading: string[]) => known(heading.map((name) => name.trim())),
      info: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as Row[];
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
};

const known = (heading: readonly string[]): string[] => {
  const odd = heading.find((name) => !(COLUMNS as readonly string[]).includes(name));
  if (odd !== undefined)
    throw new Error(`the first line names the column "${odd}". It can name ${COLUMNS.join(', ')}.`);
  if (!heading.includes('user')) throw new Error('the first line does not name the column user.');
  return [...heading];
};
