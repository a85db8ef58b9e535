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
}) => {
  const { fields, ...rest } = options;
  const names = Object.keys(fields);
  return {
    ...rest,
    schema_version: 1,
    example: rest.example as Readonly<Record<string, unknown>>,
    data: Type.Object(fields, { additionalProperties: false }) as unknown as Readonly<Record<string, unknown>>,
    publish: (event: object): Record<string, unknown> =>
      Object.fromEntries(names.map((name) => [name, (event as Record<string, unknown>)[name] ?? null])),
  };
};

export const text = (description: string) => Type.String({ description });
export const orNull = <T extends TProperties[string]>(schema: T) => Type.Union([schema, Type.Null()]);
export const time = (description: string) => Type.String({ format: 'date-time', description });
