type Item = string | number | null;

/**
 * A parameter that PostgreSQL reads as an array. For numbers and plain texts, JSON has the same syntax as array literals, and
 * writing it takes a tenth of the time that pg needs. Texts that JSON would escape are left to pg.
 */
export const arrayOf = (values: readonly Item[]): string | readonly Item[] => {
  const json = JSON.stringify(values);
  return json.includes('\\') ? values : `{${json.slice(1, -1)}}`;
};
