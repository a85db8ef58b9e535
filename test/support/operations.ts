type Schema = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Described {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

/** A call described by an OpenAPI document, with the minimal required values. */
export interface Operation {
  readonly method: string;
  /** Below `/api/v1`; the caller fills in `{id}`, the other parameters are filled in already. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** Fields that the body may have. */
  readonly fields: ReadonlySet<string>;
}

/** All calls of the API with a JSON body or without a body. */
export const operationsOf = (document: object): Operation[] => {
  const { paths } = document as { paths: Readonly<Record<string, Readonly<Record<string, Described>>>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => {
      const schema = requestBody?.content['application/json']?.schema;
      const value = (parameter: Parameter): string => encodeURIComponent(String(least(parameter.schema, document)));
      const filled = parameters
        .filter((parameter) => parameter.in === 'path' && parameter.name !== 'id')
        .reduce((at, parameter) => at.replace(`{${parameter.name}}`, value(parameter)), path.replace('/api/v1', ''));
      const query = parameters
        .filter((parameter) => parameter.in === 'query' && parameter.required === true)
        .map((parameter) => `${parameter.name}=${value(parameter)}`);
      const properties = schema === undefined ? {} : (resolved(schema, document)['properties'] ?? {});
      return {
        method: method.toUpperCase(),
        path: [filled, ...(query.length > 0 ? [query.join('&')] : [])].join('?'),
        body: schema && (least(schema, document) as Record<string, unknown>),
        fields: new Set(Object.keys(properties)),
      };
    }),
  );
};

/** A small value that a schema allows: the required fields, with their examples if there are any. */
const least = (schema: Schema, document: object): unknown => {
  const found = resolved(schema, document);
  const { type, examples, properties = {}, required = [], anyOf, oneOf } = found;
  const values = found['enum'];
  if (Array.isArray(examples)) return (examples as unknown[])[0];
  if (Array.isArray(values)) return (values as unknown[])[0];
  const choice = ((anyOf ?? oneOf) as Schema[] | undefined)?.[0];
  if (choice !== undefined) return least(choice, document);
  switch (Array.isArray(type) ? (type as unknown[])[0] : type) {
    case 'object': {
      const all = properties as Readonly<Record<string, Schema>>;
      return Object.fromEntries((required as string[]).map((name) => [name, least(all[name] ?? {}, document)]));
    }
    case 'array':
      return Array.from({ length: Number(found['minItems'] ?? 0) }, () => least(found['items'] as Schema, document));
    case 'integer':
    case 'number':
      return Number(found['minimum'] ?? 0);
    case 'boolean':
      return false;
    default:
      return 'x'.repeat(Math.max(1, Number(found['minLength'] ?? 1)));
  }
};

/** The target of a `$ref` within the document. */
const resolved = (schema: Schema, document: object): Schema => {
  const { $ref } = schema;
  if (typeof $ref !== 'string') return schema;
  const target = $ref
    .slice(2)
    .split('/')
    .reduce<unknown>((at, name) => (at as Schema)[name], document);
  return resolved(target as Schema, document);
};
