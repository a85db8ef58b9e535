import { isTypeid, newTypeid, timeOfTypeid, typeidOf } from '#ids';

/** Prefixes of ids. The prefix shows what kind of thing an id names. */
export type IdPrefix =
  | 'prod'
  | 'plan'
  | 'addon'
  | 'lic'
  | 'act'
  | 'seat'
  | 'sess'
  | 'cus'
  | 'price'
  | 'cpn'
  | 'sub'
  | 'inv'
  | 'pay'
  | 'cn'
  | 'ref'
  | 'mig'
  | 'mtr'
  | 'pev'
  | 'whk'
  | 'dlv'
  | 'rpl'
  | 'imp'
  | 'key'
  | 'evt'
  | 'req'
  | 'lease'
  | 'batch';

/** A new typed id that sorts by time (TypeID 0.3: UUIDv7 in Crockford base32), e.g. `lic_01jd1zx0h8e4rvy2m6k9w3q5tb`. */
export const newId = (prefix: IdPrefix): string => newTypeid(prefix);

/**
 * The id of the person behind an e-mail address. The same address always has the same id. Without the key, the id does not
 * reveal the address.
 * @param hash 16 bytes or more of a keyed hash of the normalized address
 */
export const customerId = (hash: Uint8Array): string => derivedId('cus', hash);

/** An id derived from a hash: the same hash always has the same id. @param hash 16 bytes or more */
export const derivedId = (prefix: IdPrefix, hash: Uint8Array): string => {
  const bytes = new Uint8Array(hash.subarray(0, 16));
  // RFC 9562: version 8, "vendor-specific", since these bytes contain no time.
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return typeidOf(prefix, bytes);
};

/**
 * An id derived from a hash, with the time of another id: it sorts beside it. The same id and hash always have the same id.
 * @param hash 16 bytes or more
 * @returns undefined if `other` contains no time
 */
export const derivedIdBeside = (prefix: IdPrefix, other: string, hash: Uint8Array): string | undefined => {
  return isTypeid(other) ? derivedIdAt(prefix, timeOfTypeid(other), hash) : undefined;
};

/**
 * An id derived from a hash that sorts by a given time. The same time and hash always have the same id.
 * @param milliseconds since 1970
 * @param hash 16 bytes or more
 */
export const derivedIdAt = (prefix: IdPrefix, milliseconds: number, hash: Uint8Array): string => {
  const bytes = new Uint8Array(hash.subarray(0, 16));
  // RFC 9562: version 7 begins with 48 bits of milliseconds.
  new DataView(bytes.buffer).setBigUint64(0, BigInt(milliseconds) << 16n);
  bytes.set(hash.subarray(6, 8), 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return typeidOf(prefix, bytes);
};

/** When an id was created. @throws if it is not an id */
export const idTime = (id: string): string => new Date(timeOfTypeid(id)).toISOString();
