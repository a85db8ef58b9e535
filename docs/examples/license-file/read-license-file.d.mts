export interface Known {
  readonly licenseKey: string;
  readonly identifier: string;
  /** The `keys` of /.well-known/jwks.json, built into the program. */
  readonly publicKeys: readonly { readonly kid: string; readonly x: string }[];
  readonly product: string;
  /** Current time in milliseconds since 1970. Default: the clock of this machine. */
  readonly now?: number;
  /** The latest `now` of all earlier calls, failed ones included, which the program keeps on disk. Default: none. */
  readonly latest?: number;
}

/** The claims of a license file. @throws Error that says why the file is not valid here and now */
export function readLicenseFile(file: string, known: Known): Readonly<Record<string, unknown>>;
