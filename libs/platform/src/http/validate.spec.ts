import { type FastifyInstance, fastify } from 'fastify';
import Type from 'typebox';
import { installBodyParser } from './body.ts';
import { installProblems } from './register.ts';
import {
  Id,
  Identifier,
  Int,
  Metadata,
  normalizeIdentifier,
  Nullable,
  PageQuery,
  SearchText,
  StrictObject,
  Text,
  Timestamp,
} from './schemas.ts';
import { Problem } from './problem.ts';
import { type Part, validator } from './validate.ts';

const errorsOf = (schema: Parameters<typeof validator>[0], value: unknown, part: Part = 'body') => {
  try {
    validator(schema, part)(value);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    expect([error.status, error.code]).toEqual([400, 'VALIDATION_FAILED']);
    return error.extensions['errors'] as { pointer: string; detail: string }[];
  }
  return [];
};

describe('a schema', () => {
  const body = StrictObject({ name: Text(5, { min: 1 }), seats: Type.Optional(Nullable(Int(0, 10))) });

  it('reports every error at its place, each once', () => {
    expect(errorsOf(body, { seats: -1, 'a/b~c': 1 })).toEqual([
      { pointer: '/name', detail: 'is required' },
      { pointer: '/a~1b~0c', detail: 'is not a field of this request' },
      { pointer: '/seats', detail: 'must be >= 0' },
    ]);
  });

  it('reports at most twenty errors', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`field${n}`, n]));
    expect(errorsOf(body, many)).toHaveLength(20);
  });

  it.each(['1', 1.5, true, [], {}, NaN, 11])('refuses %j as an integer of its range', (seats) => {
    expect(errorsOf(body, { name: 'x', seats })).toMatchObject([{ pointer: '/seats' }]);
  });

  it('keeps falsy values', () => {
    for (const seats of [0, null]) expect(errorsOf(body, { name: 'x', seats })).toEqual([]);
  });

  it('counts characters, not UTF-16 units', () => {
    expect(errorsOf(body, { name: '😀😀😀😀😀' })).toEqual([]);
    expect(errorsOf(body, { name: '😀😀😀😀😀😀' })).toMatchObject([{ pointer: '/name' }]);
  });

  it('refuses fields that are named like properties of every object', () => {
    for (const key of ['constructor', 'toString', '__proto__']) {
      expect(errorsOf(body, JSON.parse(`{"name":"x","${key}":1}`))).toMatchObject([{ pointer: `/${key}` }]);
    }
    expect(errorsOf(StrictObject({ data: Metadata }), JSON.parse('{"data":{"__proto__":1}}'))).not.toEqual([]);
  });

  it('says which prefix an id must have', () => {
    const [error] = errorsOf(StrictObject({ id: Id('lic') }), { id: 'prod_01jd1zx0h8e4rvy2m6k9w3q5tb' }, 'path');
    expect(error).toEqual({ pointer: '{id}', detail: 'must be an id that begins with lic_' });
  });

  it('accepts ids with the letters and in the range that UUIDs can have', () => {
    const schema = StrictObject({ id: Id('lic') });
    expect(errorsOf(schema, { id: 'lic_7zzzzzzzzzzzzzzzzzzzzzzzzz' })).toEqual([]);
    for (const suffix of [
      '8zzzzzzzzzzzzzzzzzzzzzzzzz',
      '01JD1ZX0H8E4RVY2M6K9W3Q5TB',
      '01jd1zx0h8e4rvy2m6k9w3q5tl',
      '0',
      '',
    ]) {
      expect(errorsOf(schema, { id: `lic_${suffix}` })).toHaveLength(1);
    }
  });

  it('measures identifiers in the form in which they are kept', () => {
    const schema = StrictObject({ identifier: Identifier });
    expect(errorsOf(schema, { identifier: `  ${'x'.repeat(255)}  ` })).toEqual([]);
    expect(errorsOf(schema, { identifier: 'e\u0301'.repeat(255) })).toEqual([]);
    expect(normalizeIdentifier(' e\u0301 ')).toBe('\u00e9');
    for (const identifier of ['x'.repeat(256), ' ', '\u200e', '\ufeffx\ufeffy', 'a\nb']) {
      expect(errorsOf(schema, { identifier })).toHaveLength(1);
    }
  });
});

describe('a normalized text', () => {
  const schema = StrictObject({
    at: Type.Optional(Nullable(Timestamp)),
    all: Type.Optional(Type.Array(Timestamp)),
    name: Type.Optional(Nullable(SearchText(6))),
  });

  it('is replaced wherever it is, before its length and form are checked', () => {
    const body = { at: '2031-01-01T02:00:00+02:00', all: ['2031-01-01t00:00:00z'], name: 'Mu\u0308ller' };
    expect(errorsOf(schema, body)).toEqual([]);
    const utc = '2031-01-01T00:00:00.000Z';
    expect(body).toEqual({ at: utc, all: [utc], name: 'M\u00fcller' });
    expect(errorsOf(schema, { at: null, name: null })).toEqual([]);
  });

  it('is refused if it has no normal form', () => {
    expect(errorsOf(schema, { at: 'tomorrow', all: ['2031-01-01T24:00:00Z'], name: 'x'.repeat(7) })).toMatchObject([
      { pointer: '/at', detail: expect.stringContaining('RFC 3339') as unknown },
      { pointer: '/all/0' },
      { pointer: '/name' },
    ]);
  });
});

describe('a query', () => {
  const schema = PageQuery({ q: Type.Optional(Text(10)), active: Type.Optional(Type.Boolean()) });

  it('is coerced to the types of its fields', () => {
    const query = { limit: '20', active: 'false', q: '1' };
    validator(schema, 'query')(query);
    expect(query).toEqual({ limit: 20, active: false, q: '1' });
  });

  it.each(['0x10', ' 5', '1e1', '5.0', '+5', '', 'ten', '1'.repeat(30), ['1', '2']])(
    'refuses the limit %j',
    (limit) => {
      expect(errorsOf(schema, { limit }, 'query')).toMatchObject([{ pointer: '?limit' }]);
    },
  );

  it.each(['yes', '1', '', 'TRUE'])('refuses the boolean %j', (active) => {
    expect(errorsOf(schema, { active }, 'query')).toMatchObject([{ pointer: '?active' }]);
  });
});

describe('a body', () => {
  let server: FastifyInstance;
  beforeAll(() => {
    server = fastify();
    installProblems(server, 'http://test');
    installBodyParser(server);
    server.post('/', (request) => ({ got: request.body }));
  });
  afterAll(() => server.close());

  const send = async (payload: string | Buffer) => {
    const reply = await server.inject({
      method: 'POST',
      url: '/',
      headers: { 'content-type': 'application/json' },
      payload,
    });
    return reply.json<{ status?: number; code?: string; got?: unknown; errors?: { pointer: string }[] }>();
  };
  const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

  it.each([
    ['a number beyond all bounds', '{"a":{"b/c":[0,1e309]}}', '/a/b~1c/1'],
    ['an integer that would become another', '{"a":9007199254740993}', '/a'],
    ['a zero with a sign', '{"a":-0}', '/a'],
    ['NUL', '{"a":["x\\u0000"]}', '/a/0'],
    ['half a surrogate pair', '{"a":"\\ud800"}', '/a'],
    ['a key with NUL', '{"a":{"\\u0000":1}}', '/a'],
    ['a key with half a surrogate pair', '{"a":{"\\udc00":1}}', '/a'],
    ['33 levels', deep(33), `${'/0'.repeat(32)}`],
  ])('is refused for %s, wherever it is', async (_what, text, pointer) => {
    expect(await send(text)).toMatchObject({ status: 400, code: 'VALIDATION_FAILED', errors: [{ pointer }] });
  });

  it.each(['{', 'NaN', '{"a":01}', "{'a':1}", '{"a":1,}', '"\t"', '\ufeff{}', '{} {}'])(
    'is not JSON: %j',
    async (text) => {
      expect(await send(text)).toMatchObject({ status: 400, code: 'MALFORMED_JSON' });
    },
  );

  it('is refused if it is not UTF-8', async () => {
    expect(await send(Buffer.from('{"a":"\xff"}', 'latin1'))).toMatchObject({ status: 400, code: 'MALFORMED_JSON' });
  });

  it('is accepted at the bounds', async () => {
    for (const text of ['{"a":9007199254740991,"b":-1.5e-300,"c":"\\ud83d\\ude00"}', deep(32)]) {
      expect(await send(text)).toEqual({ got: JSON.parse(text) });
    }
  });

  it('is checked in linear time', async () => {
    expect(await send(deep(500_000))).toMatchObject({ status: 400 });
    const wide = `{${Array.from({ length: 60_000 }, (_, n) => `"key${n}":${n}`).join(',')}}`;
    expect(await send(wide)).toHaveProperty('got.key59999', 59_999);
  });
});
