import { randomBytes } from 'node:crypto';
import { TypeID } from 'typeid-js';
import { newTypeid, timeOfTypeid, typeidOf } from '#ids';

describe('A TypeID', () => {
  it('equals what the library makes of the same UUID', () => {
    const uuids = [
      new Uint8Array(16),
      new Uint8Array(16).fill(255),
      ...Array.from({ length: 1_000 }, () => randomBytes(16)),
    ];
    for (const uuid of uuids) {
      const theirs = TypeID.fromUUIDBytes('lic', Uint8Array.from(uuid));
      expect(typeidOf('lic', uuid)).toBe(theirs.toString());
    }
  });

  it('is a UUIDv7 when it is new', () => {
    const id = TypeID.fromString(newTypeid('lic'));
    expect(id.getType()).toBe('lic');
    expect(id.toUUID()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('sorts by time, also within a millisecond', () => {
    const ids = Array.from({ length: 10_000 }, () => newTypeid('evt'));
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('contains the time when it was created', () => {
    const before = Date.now();
    const time = timeOfTypeid(newTypeid('lic'));
    expect(time).toBeGreaterThanOrEqual(before);
    // Ids that are created faster than the clock advances run ahead of it.
    expect(time).toBeLessThanOrEqual(Date.now() + 1);
    const past = typeidOf('lic', Uint8Array.from([0x01, 0x93, 0x45, 0xab, 0xcd, 0xef, ...randomBytes(10)]));
    expect(timeOfTypeid(past)).toBe(0x019345abcdef);
  });

  it.each([
    'lic',
    'lic_',
    'lic_01jd1zx0h8e4rvy2m6k9w3q5t',
    'lic_01jd1zx0h8e4rvy2m6k9w3q5tbb',
    'lic_81jd1zx0h8e4rvy2m6k9w3q5tb',
    'lic_01jd1zx0u8e4rvy2m6k9w3q5tb',
    'lic_01JD1ZX0H8E4RVY2M6K9W3Q5TB',
  ])('is not %s', (text) => {
    expect(() => timeOfTypeid(text)).toThrow('no TypeID');
  });
});
