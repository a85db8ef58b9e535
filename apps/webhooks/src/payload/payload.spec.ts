import type { PublishedEvent } from '#events/event';
import { payloadOf } from './formats.ts';
import { asOf, type ApiVersion } from './versions.ts';

const event = (schema: number, data: Record<string, unknown>): PublishedEvent => ({
  specversion: '1.0',
  id: 'evt_1',
  source: 'keyledger/licensing',
  type: 'license.suspended',
  subject: 'lic_1',
  time: '2026-11-21T10:00:00.000Z',
  datacontenttype: 'application/json',
  dataschema: `urn:keyledger:event:license.suspended:${schema}`,
  streamversion: 2,
  position: 7,
  correlationid: 'req 1 "é%',
  actortype: 'system',
  actorid: 'test',
  data,
});

/** Two versions, each of which renamed a field. */
const renaming = (before: string, after: string) => ({
  up: ({ [before]: value, ...data }: Record<string, unknown>) => ({ ...data, [after]: value }),
  down: ({ [after]: value, ...data }: Record<string, unknown>) => ({ ...data, [before]: value }),
});
const VERSIONS: ApiVersion[] = [
  { name: '2026-11-01', steps: {} },
  { name: '2027-03-01', steps: { 'license.suspended': { 2: renaming('reason', 'why') } } },
  { name: '2027-09-01', steps: { 'license.suspended': { 3: renaming('why', 'cause') }, 'plan.updated': {} } },
];
const first = event(1, { product_id: 'prod_1', reason: 'fraud' });
const second = event(2, { product_id: 'prod_1', why: 'fraud' });
const third = event(3, { product_id: 'prod_1', cause: 'fraud' });

describe('an event in the shape of a version', () => {
  it.each([
    ['2026-11-01', first],
    ['2027-03-01', second],
    ['2027-09-01', third],
    [undefined, third],
  ])('%s is the same, whichever it was taken in under', (version, expected) => {
    for (const given of [first, second, third]) expect(asOf(given, version, VERSIONS)).toEqual(expected);
  });

  it('is left alone where no version has changed it', () => {
    const other = { ...first, type: 'license.revoked' };
    expect(asOf(other, '2026-11-01', VERSIONS)).toBe(other);
    expect(asOf(first, '2026-11-01', VERSIONS.slice(0, 1))).toBe(first);
  });
});

describe('a payload', () => {
  it('is, structured, byte for byte what was taken in, unless its version says otherwise', () => {
    const stored = JSON.stringify(first, null, 1);
    expect(payloadOf(stored, 'cloudevents', '2026-11-01', VERSIONS.slice(0, 1)).body).toBe(stored);
    expect(JSON.parse(payloadOf(stored, 'cloudevents', '2027-03-01', VERSIONS).body)).toEqual(second);
  });

  it('is, binary, headers that hold nothing but printable ASCII', () => {
    const { headers, body } = payloadOf(JSON.stringify(first), 'cloudevents_binary', undefined, VERSIONS.slice(0, 1));
    expect(headers['ce-correlationid']).toBe('req%201%20%22%C3%A9%25');
    expect(headers).not.toHaveProperty('ce-data');
    expect(headers).not.toHaveProperty('ce-datacontenttype');
    expect(JSON.parse(body)).toEqual(first.data);
  });
});
