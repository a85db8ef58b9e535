import { asObject } from '../bytes.ts';
import { LicenseError } from '../errors.ts';

/** A usage record, stored until the server has confirmed it. */
export interface Usage {
  /** The server counts a key once, however often it is sent. */
  readonly idempotency_key: string;
  readonly license_key: string;
  readonly feature: string;
  readonly quantity: number;
  /** When it was used, RFC 3339. */
  readonly timestamp: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Largest metadata of one record, in bytes of JSON. */
const METADATA_BYTES = 16_384;

/** Checks a record before it is stored. @throws LicenseError INVALID_RECORD when the server would refuse it */
export const checkUsage = ({ feature, quantity, metadata }: Pick<Usage, 'feature' | 'quantity' | 'metadata'>): void => {
  if (typeof feature !== 'string' || feature === '') throw invalid('feature is not the name of a feature.');
  if (!Number.isSafeInteger(quantity) || quantity < 1) throw invalid('quantity is not an integer from 1 to 2^53 − 1.');
  if (metadata !== undefined && new TextEncoder().encode(JSON.stringify(metadata)).length > METADATA_BYTES) {
    throw invalid('metadata is longer than 16 KiB.');
  }
};

const invalid = (message: string): LicenseError => new LicenseError('INVALID_RECORD', message);

/** Parses a stored record; undefined when it is damaged. */
export const usageOf = (text: string): Usage | undefined => {
  let kept: Readonly<Record<string, unknown>> | undefined;
  try {
    kept = asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
  const texts = ['idempotency_key', 'license_key', 'feature', 'timestamp'].every(
    (name) => typeof kept?.[name] === 'string',
  );
  return texts && Number.isSafeInteger(kept?.['quantity']) ? (kept as unknown as Usage) : undefined;
};
