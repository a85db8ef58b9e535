export interface Known {
  readonly licenseKey: string;
  readonly identifier: string;
  /** The `keys` of /.well-known/jwks.json, which the program was built with. */
  readonly publicKeys: readonly { readonly kid: string; readonly x: string }[];
  readonly product: string;
  /** Milliseconds; left out, the clock of this machine. */
  readonly now?: number;
}

/** The claims of a licence file. @throws Error that says why it is not good here and now */
export function readLicenseFile(file: string, known: Known): Readonly<Record<string, unknown>>;
