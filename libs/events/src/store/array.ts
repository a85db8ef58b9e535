type Item = string | number | null;

/**
 * A parameter that PostgreSQL reads as an array. JSON writes numbers and plain texts as its array literals do, and in a tenth of the
 * time that pg takes for them; what JSON escapes pg writes.
 */
export const arrayOf = (values: readonly Item[]): string | readonly Item[] => {
  const json = JSON.stringify(values);
  return json.includes('\\') ? values : `{${json.slice(1, -1)}}`;
};
