import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { Problem } from '#platform/http/problem';
import { ExportedLicense, ImportedLicense, isExported } from './line.schemas.ts';

/** The delimiter of the cells in a file, and the names of its columns. */
export interface Heading {
  readonly delimiter: string;
  /** Names of fields; '' for a column without a name. */
  readonly columns: readonly string[];
}

const DELIMITERS = [',', ';', '\t'] as const;
/** Maximum number of names that a refusal repeats, and maximum length of each. */
const NAMED = 20;
const NAME_LENGTH = 40;

/** The delimiter in a line `sep=;`, which Excel reads and writes before the heading; undefined if it is not such a line. */
export const declaredDelimiter = (text: string): string | undefined => /^"?sep=([^"\r\n])"?$/i.exec(text)?.[1];

/**
 * Reads the heading of a CSV file. The delimiter is the declared one, or else the one of comma, semicolon and tab that finds the
 * most fields. Names may differ in case, and may have spaces or dashes instead of `_`.
 * @throws Problem 400 `INVALID_HEADING`, which names the unknown, missing and repeated columns
 */
export const readHeading = (text: string, line: number, declared: string | undefined): Heading => {
  const delimiters = declared === undefined ? DELIMITERS : [declared];
  const headings = delimiters.map((delimiter) => ({ delimiter, columns: namesOf(text, delimiter) }));
  const most = Math.max(...headings.map(fieldsFound));
  const heading = headings.find((one) => fieldsFound(one) === most);
  if (heading === undefined) throw new Error('a heading has no delimiter');
  refuseFaults(heading, line);
  return heading;
};

const fieldsFor = (columns: readonly string[]) => (isExported(columns) ? ExportedLicense : ImportedLicense);

const fieldsFound = ({ columns }: Heading): number =>
  columns.filter((name) => Object.hasOwn(fieldsFor(columns).properties, name)).length;

/** @returns no names if quotes do not match, which can happen with a delimiter that the file does not use */
const namesOf = (text: string, delimiter: string): string[] => {
  try {
    const [names = []] = parse(text, { delimiter });
    return names.map((name) =>
      name
        .trim()
        .toLowerCase()
        .replaceAll(/[\s-]+/g, '_'),
    );
  } catch (error) {
    if (error instanceof CsvError) return [];
    throw error;
  }
};

const refuseFaults = ({ columns }: Heading, line: number): void => {
  const { properties, required } = fieldsFor(columns);
  const named = columns.filter((name) => name !== '');
  const faults = [
    namedFault(
      'unknown',
      named.filter((name) => !Object.hasOwn(properties, name)),
    ),
    namedFault(
      'missing',
      required.filter((name) => !named.includes(name)),
    ),
    namedFault(
      'there twice',
      named.filter((name, n) => named.indexOf(name) < n),
    ),
  ].filter((one) => one !== undefined);
  if (faults.length === 0) return;
  const optional = Object.keys(properties).filter((name) => !required.some((one) => one === name));
  throw new Problem(
    400,
    'INVALID_HEADING',
    `Line ${line} is not a heading for this import: ${faults.join('; ')}. Needed: ${required.join(', ')}. ` +
      `Possible: ${optional.join(', ')}. Separate cells by comma, semicolon or tab.`,
  );
};

/** @returns for example `missing: email, plan_id`; undefined if there are no names */
const namedFault = (what: string, names: readonly string[]): string | undefined => {
  if (names.length === 0) return undefined;
  const shown = names.slice(0, NAMED).map((name) => JSON.stringify(name.slice(0, NAME_LENGTH).toWellFormed()));
  return `${what}: ${shown.join(', ')}${names.length > NAMED ? ', …' : ''}`;
};
