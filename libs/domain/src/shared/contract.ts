import Type, { type Static, type TObject, type TProperties } from 'typebox';

/**
 * A contract of a published event (the shape that libs/events calls `EventContract`): the fields of `data` are picked from the
 * event, so that nothing gets out that the schema does not name.
 */
export const contract = <P extends TProperties>(options: {
  readonly type: string;
  readonly service: string;
  readonly description: string;
  readonly fields: P;
  readonly example: Static<TObject<P>>;
  /** Id of an aggregate that it may be about; left out, the one that the example names, or a licence's. */
  readonly subject?: string;
}) => {
  const { fields, ...rest } = options;
  const names = Object.keys(fields);
  return {
    ...rest,
    schema_version: 1,
    subject: options.subject ?? namedIn(options) ?? LICENSE,
    example: rest.example as Readonly<Record<string, unknown>>,
    data: Type.Object(fields, { additionalProperties: false }) as unknown as Readonly<Record<string, unknown>>,
    publish: (event: object): Record<string, unknown> =>
      Object.fromEntries(names.map((name) => [name, (event as Record<string, unknown>)[name] ?? null])),
  };
};

const LICENSE = 'lic_01jd1zz9k4m6p8r0t2v5x7y1bd';

/** `product.created` is about what its example calls `product_id`. */
const namedIn = ({ type, example }: { readonly type: string; readonly example: object }): string | undefined => {
  const id = (example as Record<string, unknown>)[`${type.split('.')[0]}_id`];
  return typeof id === 'string' ? id : undefined;
};

export const text = (description: string) => Type.String({ description });
export const orNull = <T extends TProperties[string]>(schema: T) => Type.Union([schema, Type.Null()]);
export const time = (description: string) => Type.String({ format: 'date-time', description });
