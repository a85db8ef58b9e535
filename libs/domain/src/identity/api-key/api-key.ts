/**
 * All scopes that a key may have. `admin` includes the others; `read` allows every GET and nothing else. A key without scopes
 * may do nothing.
 */
export const API_KEY_SCOPES = ['admin', 'read', 'licenses:write', 'releases:write', 'billing:write'] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];

export type ApiKeyEvent =
  | {
      readonly type: 'api_key.created';
      readonly name: string;
      readonly scopes: readonly ApiKeyScope[];
      /** The product it is bound to; null = system-wide. */
      readonly product_id: string | null;
      /** The first characters of the key, by which people tell keys apart. */
      readonly prefix: string;
      /** Keyed hash of the whole key. The key itself is not stored. */
      readonly hash: string;
    }
  | { readonly type: 'api_key.renamed'; readonly name: string; readonly product_id: string | null }
  | { readonly type: 'api_key.revoked'; readonly product_id: string | null };

export type ApiKeyState =
  | { readonly status: 'none' }
  | {
      readonly status: 'active' | 'revoked';
      readonly name: string;
      readonly scopes: readonly ApiKeyScope[];
      readonly product_id: string | null;
    };

export const initialState: ApiKeyState = { status: 'none' };

export const evolve = (state: ApiKeyState, event: ApiKeyEvent): ApiKeyState => {
  if (event.type === 'api_key.created') {
    const { name, scopes, product_id } = event;
    return { status: 'active', name, scopes, product_id };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'api_key.renamed':
      return { ...state, name: event.name };
    case 'api_key.revoked':
      return { ...state, status: 'revoked' };
    default:
      return state;
  }
};

/** One stream per key, `key_…`. */
export const apiKeyStream = { name: 'api_key', initialState, evolve };
