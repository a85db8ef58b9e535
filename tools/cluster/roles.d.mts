/** The addresses of the database for a service: for its work, and as the owner of its schema. */
export interface Addresses {
  readonly work: string;
  readonly migration: string;
}

/** Gives each service two roles and a schema; see roles.mjs. */
export function prepareRoles(
  url: string,
  directory: string,
  masterKey: Uint8Array,
  services: readonly string[],
): Promise<Map<string, Addresses>>;
