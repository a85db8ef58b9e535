import { ModulesContainer } from '@nestjs/core';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { billingService } from '../../apps/billing/src/billing.module.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { webhooksService } from '../../apps/webhooks/src/webhooks.module.ts';
import { isProblem } from '#platform/http/problem';
import { type Part, validator } from '#platform/http/validate';
import { loadedServices, routesOf } from '#platform/services-of';
import { startApp, type TestApp } from '../support/app.ts';

type Json = Record<string, unknown>;

interface Operation {
  readonly operationId: string;
  readonly tags: string[];
  readonly parameters: { name: string; in: string; schema: Json }[];
  readonly requestBody?: { content: Record<string, { schema: Json }> };
  readonly responses: Record<
    string,
    { description: string; headers: Json; content?: Record<string, { schema: Json }> }
  >;
  readonly security: Json[];
}

interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly tags: { name: string }[];
  readonly components: { schemas: Record<string, Json>; headers: Json };
}

/** Every object within a JSON value, itself included. */
const objectsIn = (value: unknown): Json[] => {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inner : [value as Json, ...inner];
};

describe('the OpenAPI document', () => {
  let app: TestApp;
  let document: Document;
  let operations: (readonly [string, Operation])[];

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService, billingService, webhooksService] });
    document = (await app.call('GET', '/openapi.json')).body as Document;
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
    );
  });
  afterAll(() => app.close());

  /** Names of the operations that break a rule, for readable failures. */
  const where = (holds: (operation: Operation, name: string) => boolean): string[] =>
    operations.filter(([name, operation]) => !holds(operation, name)).map(([name]) => name);

  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate({ ...structuredClone(document) });
    expect(result).toMatchObject({ valid: true });
  });

  it('is made of schemas that ajv compiles in strict mode', () => {
    const routes = routesOf(loadedServices(app.app.nest.get(ModulesContainer)));
    const parts = routes.flatMap(({ contract: { operation, params, query, body } }) =>
      Object.entries({ path: params, query, body }).flatMap(([part, schema]) =>
        schema === undefined ? [] : [{ operation, part: part as Part, schema }],
      ),
    );
    const broken = parts.filter(({ part, schema }) => {
      try {
        validator(schema, part)({});
        return false;
      } catch (error) {
        // A refusal of the empty value shows that the schema has been compiled.
        return !isProblem(error);
      }
    });
    expect(parts.length).toBeGreaterThan(100);
    expect(broken).toEqual([]);
  });

  it('has no dangling references', () => {
    const names = new Set(
      Object.entries(document.components).flatMap(([kind, members]) =>
        Object.keys(members).map((name) => `#/components/${kind}/${name}`),
      ),
    );
    const referred = objectsIn(document).flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []));
    expect(referred.length).toBeGreaterThan(100);
    expect(referred.filter((ref) => !names.has(ref))).toEqual([]);
  });

  it('has unique operation ids, and lists all tags', () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const listed = new Set(document.tags.map(({ name }) => name));
    expect(where(({ tags }) => tags.every((tag) => listed.has(tag)))).toEqual([]);
  });

  it('declares exactly the parameters of each path', () => {
    expect(
      where(({ parameters }, name) => {
        const declared = parameters
          .filter((parameter) => parameter.in === 'path')
          .map((parameter) => `{${parameter.name}}`);
        return JSON.stringify(declared.sort()) === JSON.stringify((name.match(/\{\w+\}/g) ?? []).sort());
      }),
    ).toEqual([]);
  });

  it('closes the fields of every body and answer', () => {
    const shapes = [
      ...operations.flatMap(([, { requestBody }]) => (requestBody === undefined ? [] : [requestBody])),
      ...Object.entries(document.components.schemas)
        .filter(([name]) => name !== 'Problem')
        .map(([, schema]) => schema),
    ];
    const open = objectsIn(shapes).filter(
      (schema) =>
        schema['type'] === 'object' && schema['properties'] !== undefined && schema['additionalProperties'] !== false,
    );
    expect(open).toEqual([]);
  });

  it('has examples that fit their schemas', () => {
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    const exemplary = objectsIn(document).filter(({ examples }) => Array.isArray(examples));
    expect(exemplary.length).toBeGreaterThan(50);
    const wrong = exemplary.filter(
      (schema) => !(schema['examples'] as unknown[]).every((example) => ajv.validate(schema, example)),
    );
    expect(wrong).toEqual([]);
  });

  it('documents refusals with their shape', () => {
    expect(where(({ responses }) => ['400', '429', '503'].every((status) => status in responses))).toEqual([]);
    expect(
      where(({ responses }) =>
        Object.entries(responses)
          .filter(([status]) => Number(status) >= 400)
          .every(([, { content }]) => content?.['application/problem+json'] !== undefined),
      ),
    ).toEqual([]);
    expect(
      where(({ security, responses }) => security.length === 0 || ('401' in responses && '403' in responses)),
    ).toEqual([]);
  });

  it('offers Idempotency-Key on every POST, and If-Match on changes of existing resources', () => {
    const takes = ({ parameters }: Operation, name: string): boolean =>
      parameters.some((parameter) => parameter.name === name);
    // A file is streamed and cannot be compared with an earlier one; imports are idempotent by external_id.
    const takesJson = ({ requestBody }: Operation): boolean =>
      requestBody === undefined || 'application/json' in requestBody.content;
    expect(
      where(
        (operation, name) => (name.startsWith('POST') && takesJson(operation)) === takes(operation, 'Idempotency-Key'),
      ),
    ).toEqual([]);
    const changes = (name: string): boolean =>
      name.startsWith('PATCH') || (name.startsWith('POST') && name.includes('{'));
    expect(where((operation, name) => changes(name) === takes(operation, 'If-Match'))).toEqual([]);
    expect(where(({ responses }, name) => changes(name) === '412' in responses)).toEqual([]);
  });

  it('documents the headers that answers carry', async () => {
    const { headers } = await app.call('POST', '/admin/products', {}, { authorization: 'Bearer nobody' });
    const documented = document.paths['/api/v1/admin/products']?.['post']?.responses['401']?.headers ?? {};
    for (const name of Object.keys(documented)) {
      if (!name.startsWith('RateLimit')) expect(headers).toHaveProperty(name.toLowerCase());
    }
    expect(documented).toHaveProperty('WWW-Authenticate');
  });

  it('has a page for every problem code, at the URL of its type', async () => {
    const codes = new Set(
      operations.flatMap(([, { responses }]) =>
        Object.values(responses).flatMap(({ description }) => description.match(/(?<=`)[A-Z0-9_]+(?=`)/g) ?? []),
      ),
    );
    expect(codes.size).toBeGreaterThan(30);
    const page = async (path: string): Promise<{ status: number; text: string }> => {
      const answer = await fetch(new URL(path, app.url));
      return { status: answer.status, text: await answer.text() };
    };
    const list = await page('/problems');
    for (const code of codes) {
      const { status, text } = await page(`/problems/${code}`);
      expect({ code, status, shown: text.includes(`<h1>${code}</h1>`) }).toEqual({ code, status: 200, shown: true });
      expect(list.text).toContain(`href="/problems/${code}"`);
    }
    const refused = await app.call('GET', '/admin/licenses/lic_01jd1zx0h8e4rvy2m6k9w3q5tb');
    const { pathname } = new URL(String(refused.body['type']));
    expect((await page(pathname)).text).toContain('There is no such license.');
    expect(await page('/problems/NO_SUCH_CODE')).toMatchObject({ status: 404 });
  });
});
