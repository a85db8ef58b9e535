/** Error codes. Codes of the server are passed on unchanged (`VALIDATION_FAILED`, …). */
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
 * The only error that this library throws. Being offline and being refused are results, not errors. Errors are mistakes of the
 * calling program, aborted calls, and a storage that fails to keep usage records.
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
