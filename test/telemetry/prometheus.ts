import { request } from 'undici';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const COMMENT = new RegExp(`^# (HELP ${NAME} .+|TYPE ${NAME} (counter|gauge|histogram|summary|untyped))$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y;

/** Reads Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). @throws on anything else */
export const parseMetrics = (text: string): Sample[] => {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || COMMENT.test(line)) continue;
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`not a sample: ${line}`);
    samples.push({ name, labels: parseLabels(labels), value: parseValue(value) });
  }
  return samples;
};

const parseLabels = (text: string): Record<string, string> => {
  const labels: Record<string, string> = {};
  for (LABEL.lastIndex = 0; LABEL.lastIndex < text.length;) {
    const [, name, value] = LABEL.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new Error(`not labels: ${text}`);
    labels[name] = value;
  }
  return labels;
};

const parseValue = (text: string): number => {
  if (text === '+Inf') return Infinity;
  const value = Number(text);
  // Case-insensitive, as in Prometheus itself; prom-client writes "Nan" for a quantile without values.
  if (Number.isNaN(value) && text.toLowerCase() !== 'nan') throw new Error(`not a value: ${text}`);
  return value;
};

/** The current samples of `/metrics`. */
export const scrape = async (url: string): Promise<Sample[]> => {
  const { statusCode, headers, body } = await request(`${url}/metrics`);
  const text = await body.text();
  if (statusCode !== 200 || !String(headers['content-type']).startsWith('text/plain; version=0.0.4')) {
    throw new Error(`${statusCode} ${String(headers['content-type'])}: ${text}`);
  }
  return parseMetrics(text);
};

/** The value of the only sample of that name whose labels include these; undefined when there is none. */
export const valueOf = (
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined => {
  const found = samples.filter(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} samples of ${name} are like ${JSON.stringify(labels)}`);
  return found[0]?.value;
};
