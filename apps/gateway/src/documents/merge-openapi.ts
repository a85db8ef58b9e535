/** As much of an OpenAPI 3.1 document as merging needs to know. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Readonly<Record<string, unknown>>;
  readonly tags?: readonly { readonly name: string }[];
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [other: string]: unknown;
}

/**
 * One document of several services'. What they share (problem shapes, headers, security schemes) is made by one function from one
 * source and so is the same in each; the first to name a thing defines it.
 *
 * @param documents the first gives title, version, servers and everything else that there is one of
 */
export const mergeOpenApi = (documents: readonly [OpenApiDocument, ...OpenApiDocument[]]): OpenApiDocument => {
  const [first] = documents;
  const tags = new Map(documents.flatMap(({ tags: named = [] }) => named.map((tag) => [tag.name, tag] as const)));
  return {
    ...first,
    tags: [...tags.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    paths: sorted(union(documents.map(({ paths = {} }) => paths))),
    components: union(documents.map(({ components = {} }) => components)),
  };
};

/** What the gateway itself may answer for a service that it hands requests on to. */
const FOR_A_SERVICE = { 502: 'Bad Gateway: `SERVICE_UNAVAILABLE`', 504: 'Gateway Timeout: `SERVICE_TIMEOUT`' };

/** The document of a service behind the gateway, as its callers see it. */
export const behindGateway = ({ paths = {}, ...rest }: OpenApiDocument): OpenApiDocument => ({
  ...rest,
  paths: mapValues(paths, (methods) =>
    mapValues(methods, (operation) => {
      const { responses = {}, ...others } = operation as { readonly responses?: Record<string, unknown> };
      const unavailable = responses['503'] as object;
      return {
        ...others,
        responses: {
          ...responses,
          ...mapValues(FOR_A_SERVICE, (description) => ({ ...unavailable, description })),
        },
      };
    }),
  ),
});

const mapValues = <A, B>(values: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));

type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Two levels deep: the methods of a path, the names of a kind of component. */
const union = (all: readonly Sections[]): Sections => {
  const merged: Record<string, Record<string, unknown>> = {};
  for (const sections of all) {
    for (const [section, entries] of Object.entries(sections)) merged[section] = { ...entries, ...merged[section] };
  }
  return merged;
};

const sorted = (sections: Sections): Sections =>
  Object.fromEntries(Object.entries(sections).sort(([a], [b]) => (a < b ? -1 : 1)));
