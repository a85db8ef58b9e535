import Type, { type Static, type TObject, type TProperties } from 'typebox';

/**
 * A contract of a published event (the shape that libs/events calls `EventContract`). `publish` copies only the fields
 * that the schema names, so no other field of the event is published.
 */
export const contract = <P extends TProperties>(options: {
  readonly type: string;
  readonly service: string;
  readonly description: string;
  readonly fields: P;
  readonly example: Static<TObject<P>>;
  /** Stream id of the example: the id of its aggregate. */
  readonly subject: string;
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

/**
 * Contracts of one aggregate's events, which all begin with the same fields. The result makes one of them: its type without the
 * aggregate's name, its description, the fields that it adds, and what its example says beside `example`.
 */
export const contractsOf =
  (aggregate: {
    /** Begins the types: `invoice` for `invoice.paid`. */
    readonly name: string;
    readonly service: string;
    readonly subject: string;
    readonly fields: TProperties;
    readonly example: Readonly<Record<string, unknown>>;
  }) =>
  <F extends TProperties>(type: string, description: string, more: F, example: Readonly<Record<string, unknown>>) =>
    contract({
      type: `${aggregate.name}.${type}`,
      service: aggregate.service,
      subject: aggregate.subject,
      description,
      fields: { ...aggregate.fields, ...more },
      example: { ...aggregate.example, ...example } as never,
    });

/** Ids that most examples use: one product, its plan and a license of that plan. */
export const EXAMPLE = {
  product: 'prod_01jd1zx0h8e4rvy2m6k9w3q5tb',
  plan: 'plan_01jd1zy3c5f7asb1n8p4r6t9vw',
  license: 'lic_01jd1zz9k4m6p8r0t2v5x7y1bd',
};

export const text = (description: string) => Type.String({ description });
export const orNull = <T extends TProperties[string]>(schema: T) => Type.Union([schema, Type.Null()]);
export const time = (description: string) => Type.String({ format: 'date-time', description });
