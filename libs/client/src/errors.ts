/** What went wrong, for programs. The server's own codes come as they are (`VALIDATION_FAILED`, …). */
export type LicenseErrorCode =
  | 'ABORTED'
  | 'CLOSED'
  | 'INVALID_OPTIONS'
  | 'INVALID_RECORD'
  | 'NO_LICENSE_KEY'
  | 'QUEUE_FULL'
  | 'STORAGE_FAILED'
  | (string & {});

/**
 * The only error that this library throws. Being offline and being refused are results, not errors: what is thrown is a
 * mistake of the calling program, a call that it aborted, or a disk that does not keep what must not be lost.
 */
export class LicenseError extends Error {
  override readonly name = 'LicenseError';
  constructor(
    readonly code: LicenseErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
