import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explain, readReleased, RELEASED, releaseCatalogue } from '../../apps/keyledger/src/released-catalogue.ts';
import { contracts } from '../../apps/keyledger/src/services.ts';
import { catalogue, type CatalogueEntry } from '#events/catalogue/catalogue';
import { breaks, release } from '#events/catalogue/compatibility';

const ROOT = join(import.meta.dirname, '../..');
const present = catalogue(contracts).data;

describe('the present catalogue', () => {
  it('is compatible with everything promised in the last release', async () => {
    const released = await readReleased(ROOT);
    if (released === undefined) throw new Error(`${RELEASED} is missing: npm run keyledger -- catalog release`);
    const broken = breaks(released, present);
    // The failure message says what to do.
    if (broken.length > 0) throw new Error(explain(broken));
    expect(Object.keys(released.events).length).toBeGreaterThan(10);
  });

  it('is open: yesterday’s schema accepts tomorrow’s event', () => {
    expect(JSON.stringify(present)).not.toContain('"additionalProperties":false');
  });

  it('describes whole events, and which schema version is the current one', () => {
    for (const { type, examples, example, versions, dataschema, schema_version } of present) {
      expect(examples).toMatchObject([{ specversion: '1.0', type, dataschema, data: example }]);
      expect(versions.filter(({ current }) => current)).toEqual([{ schema_version, dataschema, current: true }]);
    }
  });
});

const nullable = (schema: object) => ({ anyOf: [schema, { type: 'null' }] });
const text = { type: 'string', description: 'Some text.' };
const fields = {
  id: text,
  count: { type: 'integer', minimum: 0 },
  status: { enum: ['active', 'canceled'] },
  reason: nullable(text),
  until: { type: ['string', 'null'], format: 'date-time' },
  tags: { type: 'array', items: { type: 'string' } },
  owner: { type: 'object', properties: { id: text, name: text }, required: ['id', 'name'] },
  note: text,
};
const required = ['id', 'count', 'status', 'reason', 'until', 'tags', 'owner'];

interface Change {
  readonly properties?: Record<string, unknown>;
  readonly required?: readonly string[];
  readonly entry?: Partial<CatalogueEntry>;
}

const thing = ({ properties = {}, required: names = required, entry = {} }: Change = {}): CatalogueEntry => {
  const all = Object.entries({ ...fields, ...properties }).filter(([, schema]) => schema !== undefined);
  return {
    type: 'thing.made',
    service: 'things',
    topic: 'keyledger.things',
    schema_version: 2,
    dataschema: 'urn:keyledger:event:thing.made:2',
    description: 'A thing was made.',
    schema: { type: 'object', properties: Object.fromEntries(all), required: names },
    example: {},
    examples: [],
    versions: [],
    ...entry,
  };
};

const released = release('1.0.0', [thing()]);

describe('a catalogue after a released one', () => {
  it.each<[string, CatalogueEntry[]]>([
    ['is the same', [thing()]],
    ['has another type', [thing(), { ...thing(), type: 'thing.lost' }]],
    ['has a new optional field', [thing({ properties: { color: text } })]],
    [
      'has a new optional field deep inside',
      [thing({ properties: { owner: { ...fields.owner, properties: { ...fields.owner.properties, mail: text } } } })],
    ],
    ['changes descriptions', [thing({ properties: { id: { ...text, description: 'Its id.', examples: ['x'] } } })]],
    ['writes null in another way', [thing({ properties: { reason: { type: ['string', 'null'] } } })]],
    ['lists its required fields in another order', [thing({ required: [...required].reverse() })]],
    ['has a later schema version', [thing({ entry: { schema_version: 3 } })]],
  ])('is compatible when it %s', (_, entries) => {
    expect(breaks(released, entries)).toEqual([]);
  });

  it.each<[string, CatalogueEntry[], string]>([
    ['lacks a type', [], 'thing.made is not published any more'],
    ['moves a type to another topic', [thing({ entry: { topic: 'keyledger.stuff' } })], 'thing.made moved from'],
    ['has an older schema', [thing({ entry: { schema_version: 1 } })], 'thing.made has an older schema version'],
    ['lacks a field', [thing({ properties: { note: undefined } })], 'thing.made/note is gone'],
    [
      'renames a field',
      [thing({ properties: { id: undefined, ident: text }, required: ['ident', ...required.slice(1)] })],
      'thing.made/id is gone',
    ],
    [
      'lacks a field deep inside',
      [thing({ properties: { owner: { type: 'object', properties: { id: text }, required: ['id'] } } })],
      'thing.made/owner/name is gone',
    ],
    ['makes a required field optional', [thing({ required: required.slice(1) })], 'thing.made/id may be missing now'],
    [
      'requires a new field, which older events lack',
      [thing({ properties: { color: text }, required: [...required, 'color'] })],
      'thing.made/color is required',
    ],
    ['requires a field that was optional', [thing({ required: [...required, 'note'] })], 'thing.made/note is required'],
    [
      'has another type of value',
      [thing({ properties: { id: { type: 'integer' } } })],
      'thing.made/id may be integer now',
    ],
    ['narrows a type', [thing({ properties: { reason: text } })], 'thing.made/reason is never null any more'],
    ['widens a type', [thing({ properties: { id: nullable(text) } })], 'thing.made/id may be null now'],
    [
      'has a new value in a list',
      [thing({ properties: { status: { enum: ['active', 'canceled', 'paused'] } } })],
      'thing.made/status may be "paused" now',
    ],
    ['has a value fewer in a list', [thing({ properties: { status: { enum: ['active'] } } })], 'is never "canceled"'],
    ['opens a list of values', [thing({ properties: { status: text } })], 'thing.made/status may have any value now'],
    [
      'closes a text to a list of values',
      [thing({ properties: { id: { enum: ['a'] } } })],
      'thing.made/id is one of a few',
    ],
    [
      'has other bounds',
      [thing({ properties: { count: { type: 'integer', minimum: 1 } } })],
      'thing.made/count has another minimum',
    ],
    [
      'has another format',
      [thing({ properties: { until: { type: ['string', 'null'] } } })],
      'thing.made/until has another format',
    ],
    [
      'has other items',
      [thing({ properties: { tags: { type: 'array', items: { type: 'number' } } } })],
      'thing.made/tags[] may be number now',
    ],
  ])('is incompatible when it %s', (_, entries, expected) => {
    expect(
      breaks(released, entries)
        .map(({ at, what }) => `${at} ${what}`)
        .join('\n'),
    ).toContain(expected);
  });
});

describe('releasing the catalogue', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'keyledger-release-'));
    await cp(join(ROOT, 'package.json'), join(root, 'package.json'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('writes the promised catalogue, and reports what is new', async () => {
    expect(await releaseCatalogue(root, [thing()])).toEqual(['thing.made']);
    expect(await releaseCatalogue(root, [thing(), { ...thing(), type: 'thing.lost' }])).toEqual(['thing.lost']);
    expect(Object.keys((await readReleased(root))?.events ?? {})).toEqual(['thing.made', 'thing.lost']);
  });

  it('refuses a change that breaks the last promise, and leaves the promise unchanged', async () => {
    await releaseCatalogue(root, [thing()]);
    const before = await readFile(join(root, RELEASED), 'utf8');
    await expect(releaseCatalogue(root, [thing({ properties: { note: undefined } })])).rejects.toThrow(
      'thing.made/note is gone: removed or renamed',
    );
    expect(await readFile(join(root, RELEASED), 'utf8')).toBe(before);
  });
});
