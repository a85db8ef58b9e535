import type { CatalogueEntry } from '#events/catalogue/catalogue';
import type { JsonSchema } from '#events/contract';
import { escaped, page, prose } from './page.ts';

/** The catalogue for people: every event type, when it is emitted, its fields and a whole example. */
export const eventTypesPage = (entries: readonly CatalogueEntry[]): string =>
  page(
    'Event types',
    `<p>CloudEvents 1.0. Read them by webhook, by <code>GET /api/v1/events</code> and <code>/api/v1/events/stream</code>, or
from the Kafka topic that each names. Fields and types may be added; what is there stays as it is.</p>
<ul>${entries.map(({ type }) => `<li><a href="#${escaped(type)}"><code>${escaped(type)}</code></a></li>`).join('')}</ul>
${entries.map(section).join('')}`,
  );

const section = (entry: CatalogueEntry): string => {
  const { type, description, service, topic, dataschema, schema, examples } = entry;
  return `<h2 id="${escaped(type)}">${escaped(type)}</h2><p>${prose(description)}</p>
<p>Emitted by <code>${escaped(service)}</code>, topic <code>${escaped(topic)}</code>, schema <code>${escaped(dataschema)}</code>.</p>
<table><tr><th>Field of <code>data</code></th><th>Type</th><th>Meaning</th></tr>${fields(schema, '').join('')}</table>
<details><summary>Example</summary><pre>${escaped(JSON.stringify(examples[0], null, 2))}</pre></details>
<details><summary>JSON Schema</summary><pre>${escaped(JSON.stringify(schema, null, 2))}</pre></details>`;
};

/** One row per field; fields of inner objects are shown with their path. */
const fields = ({ properties = {} }: JsonSchema, prefix: string): string[] =>
  Object.entries(properties as Record<string, JsonSchema>).flatMap(([name, schema]) => {
    const row = `<tr><td><code>${escaped(prefix + name)}</code></td><td>${escaped(typeOf(schema))}</td><td>${prose(meaningOf(schema))}</td></tr>`;
    return [row, ...fields(schema, `${prefix}${name}.`)];
  });

/** A field that may be null has its description inside of the `anyOf`, next to the null. */
const meaningOf = ({ description, anyOf = [] }: JsonSchema): string =>
  typeof description === 'string' ? description : (anyOf as JsonSchema[]).map(meaningOf).join('');

const typeOf = ({ type, anyOf, enum: values, format, items }: JsonSchema): string => {
  if (Array.isArray(anyOf)) return (anyOf as JsonSchema[]).map(typeOf).join(' or ');
  if (Array.isArray(values)) return (values as unknown[]).map((value) => JSON.stringify(value)).join(', ');
  if (type === 'array') return `list of ${typeOf((items ?? {}) as JsonSchema)}`;
  const name = Array.isArray(type) ? (type as unknown[]).join(' or ') : typeof type === 'string' ? type : 'anything';
  return typeof format === 'string' ? `${name} (${format})` : name;
};
