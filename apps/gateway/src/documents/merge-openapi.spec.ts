import { mergeOpenApi, type OpenApiDocument } from './merge-openapi.ts';

const document = (
  title: string,
  paths: OpenApiDocument['paths'],
  schemas: Record<string, unknown>,
): OpenApiDocument => ({
  openapi: '3.1.0',
  info: { title },
  tags: [{ name: title }, { name: 'Shared' }],
  paths,
  components: { schemas: { Problem: { type: 'object' }, ...schemas } },
});

describe('the OpenAPI document of several services', () => {
  const merged = mergeOpenApi([
    document('Keyledger', { '/b': { get: 1 } }, { Key: {} }),
    document('licensing', { '/a': { get: 2 }, '/b': { post: 3 } }, { License: {} }),
  ]);

  it('has the paths, tags and schemas of all of them, each once, under the first one’s title', () => {
    expect(merged).toEqual({
      openapi: '3.1.0',
      info: { title: 'Keyledger' },
      tags: [{ name: 'Keyledger' }, { name: 'Shared' }, { name: 'licensing' }],
      paths: { '/a': { get: 2 }, '/b': { get: 1, post: 3 } },
      components: { schemas: { Problem: { type: 'object' }, Key: {}, License: {} } },
    });
    expect(Object.keys(merged.paths ?? {})).toEqual(['/a', '/b']);
  });
});
