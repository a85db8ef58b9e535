import type { JsonSchema } from '../contract.ts';
import type { CatalogueEntry } from './catalogue.ts';

/** What a released catalogue guarantees to consumers of an event type. */
export type ReleasedEvent = Pick<CatalogueEntry, 'service' | 'topic' | 'schema_version' | 'schema'>;

/** A released catalogue. Later catalogues must stay compatible with it. */
export interface ReleasedCatalogue {
  /** Version of Keyledger. */
  readonly version: string;
  /** By type. */
  readonly events: Readonly<Record<string, ReleasedEvent>>;
}

/** A change that breaks a consumer of the released catalogue. */
export interface Break {
  /** `license.created`, or a place within its data: `license.created/status`. */
  readonly at: string;
  readonly what: string;
}

/**
 * Lists the changes between two catalogues that break consumers. A consumer may be older than the events it reads, and may
 * also read events that are older than itself, since topics keep all events. So a schema may only get new optional fields,
 * and types may only be added.
 */
export const breaks = (released: ReleasedCatalogue, present: readonly CatalogueEntry[]): Break[] => {
  const byType = new Map(present.map((entry) => [entry.type, entry]));
  return Object.entries(released.events).flatMap(([type, before]) => {
    const now = byType.get(type);
    if (now === undefined) return [{ at: type, what: 'is not published any more' }];
    return [
      ...(now.topic === before.topic ? [] : [{ at: type, what: `moved from ${before.topic} to ${now.topic}` }]),
      ...(now.schema_version < before.schema_version ? [{ at: type, what: 'has an older schema version' }] : []),
      ...schemaBreaks(type, before.schema, now.schema),
    ];
  });
};

/** Keywords that do not affect which values are valid. */
const ANNOTATIONS = new Set(['description', 'examples', 'title', 'default', '$id', '$comment', 'deprecated']);
/** Keywords that are compared one by one. A published schema is open, even if the contract's own schema is closed. */
const STRUCTURE = new Set(['type', 'properties', 'required', 'items', 'enum', 'anyOf', 'additionalProperties']);

const schemaBreaks = (at: string, before: JsonSchema, now: JsonSchema): Break[] => {
  const [old, young] = [alternatives(before), alternatives(now)];
  const [oldKinds, youngKinds] = [[...old.keys()], [...young.keys()]];
  return [
    ...oldKinds.filter((kind) => !young.has(kind)).map((kind) => ({ at, what: `is never ${kind} any more: narrowed` })),
    ...youngKinds.filter((kind) => !old.has(kind)).map((kind) => ({ at, what: `may be ${kind} now: widened` })),
    ...oldKinds.flatMap((kind) => {
      const [a, b] = [old.get(kind), young.get(kind)];
      return a === undefined || b === undefined ? [] : kindBreaks(at, a, b);
    }),
  ];
};

/** Compares two schemas of the same kind of value. */
const kindBreaks = (at: string, before: JsonSchema, now: JsonSchema): Break[] => [
  ...enumBreaks(at, before['enum'], now['enum']),
  ...objectBreaks(at, before, now),
  ...(isSchema(before['items']) && isSchema(now['items'])
    ? schemaBreaks(`${at}[]`, before['items'], now['items'])
    : []),
  ...(isSchema(before['additionalProperties']) && isSchema(now['additionalProperties'])
    ? schemaBreaks(`${at}/*`, before['additionalProperties'], now['additionalProperties'])
    : []),
  ...[...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((keyword) => !ANNOTATIONS.has(keyword) && !STRUCTURE.has(keyword))
    .filter((keyword) => JSON.stringify(before[keyword]) !== JSON.stringify(now[keyword]))
    .map((keyword) => ({ at, what: `has another ${keyword}` })),
];

const enumBreaks = (at: string, before: unknown, now: unknown): Break[] => {
  if (!Array.isArray(before) && !Array.isArray(now)) return [];
  if (!Array.isArray(before)) return [{ at, what: 'is one of a few values now: narrowed' }];
  if (!Array.isArray(now)) return [{ at, what: 'may have any value now: widened' }];
  const words = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(', ');
  const gone = before.filter((value) => !now.includes(value));
  const come = now.filter((value) => !before.includes(value));
  return [
    ...(gone.length === 0 ? [] : [{ at, what: `is never ${words(gone)} any more: narrowed` }]),
    ...(come.length === 0 ? [] : [{ at, what: `may be ${words(come)} now: widened` }]),
  ];
};

const objectBreaks = (at: string, before: JsonSchema, now: JsonSchema): Break[] => {
  const [old, young] = [propertiesOf(before), propertiesOf(now)];
  const [oldRequired, youngRequired] = [requiredOf(before), requiredOf(now)];
  return [
    ...Object.entries(old).flatMap(([name, schema]) => {
      const place = `${at}/${name}`;
      const same = young[name];
      if (same === undefined) return [{ at: place, what: 'is gone: removed or renamed' }];
      const may = oldRequired.has(name) && !youngRequired.has(name) ? [{ at: place, what: 'may be missing now' }] : [];
      const must = !oldRequired.has(name) && youngRequired.has(name) ? [mustBeOptional(place)] : [];
      return [...may, ...must, ...schemaBreaks(place, schema, same)];
    }),
    ...Object.keys(young)
      .filter((name) => old[name] === undefined && youngRequired.has(name))
      .map((name) => mustBeOptional(`${at}/${name}`)),
  ];
};

const mustBeOptional = (at: string): Break => ({
  at,
  what: 'is required, and events that were published before do not have it: make it optional',
});

/** Splits a schema by the kinds of value that it allows: `anyOf` and lists of types are taken apart. */
const alternatives = (schema: JsonSchema): Map<string, JsonSchema> => {
  const { anyOf, type, ...rest } = schema;
  const branches: JsonSchema[] = Array.isArray(anyOf)
    ? anyOf.filter(isSchema).map((branch) => (branch['type'] === 'null' ? branch : { ...rest, ...branch }))
    : Array.isArray(type)
      ? type.map((one: unknown) => (one === 'null' ? { type: one } : { ...rest, type: one }))
      : [schema];
  return new Map(
    branches.flatMap((branch) => (branch === schema ? [[kindOf(branch), branch] as const] : [...alternatives(branch)])),
  );
};

/** If the schema of a list does not name the kind of its values, the first value decides. */
const kindOf = ({ type, enum: values, const: value }: JsonSchema): string => {
  if (typeof type === 'string') return type;
  const [first] = Array.isArray(values) ? (values as unknown[]) : [value];
  return first === null ? 'null' : first === undefined ? 'anything' : typeof first;
};

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const propertiesOf = ({ properties }: JsonSchema): Record<string, JsonSchema> =>
  isSchema(properties) ? (properties as Record<string, JsonSchema>) : {};

const requiredOf = ({ required }: JsonSchema): Set<unknown> => new Set(Array.isArray(required) ? required : []);

/** Returns the guarantees that a catalogue gives. */
export const release = (version: string, entries: readonly CatalogueEntry[]): ReleasedCatalogue => ({
  version,
  events: Object.fromEntries(
    entries.map(({ type, service, topic, schema_version, schema }) => [
      type,
      { service, topic, schema_version, schema },
    ]),
  ),
});
