import { refuse } from './api-key.errors.ts';
import type { ApiKeyEvent, ApiKeyScope, ApiKeyState } from './api-key.ts';

/** The product that the caller's own credential is bound to; null = system-wide. */
export interface MadeBy {
  readonly maker_product_id: string | null;
}

export interface CreateApiKey extends MadeBy {
  readonly type: 'CreateApiKey';
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
  readonly product_id: string | null;
  readonly prefix: string;
  readonly hash: string;
}

export interface RenameApiKey extends MadeBy {
  readonly type: 'RenameApiKey';
  readonly name: string;
}

export interface RevokeApiKey extends MadeBy {
  readonly type: 'RevokeApiKey';
}

export type ApiKeyCommand = CreateApiKey | RenameApiKey | RevokeApiKey;

/** The scopes of a key never change: to have other scopes, create another key and revoke this one. */
export const decide = (command: ApiKeyCommand, state: ApiKeyState): ApiKeyEvent[] => {
  switch (command.type) {
    case 'CreateApiKey':
      return create(command, state);
    case 'RenameApiKey':
      return rename(command, state);
    case 'RevokeApiKey':
      return revoke(command, state);
    default:
      return command satisfies never;
  }
};

const create = (command: CreateApiKey, state: ApiKeyState): ApiKeyEvent[] => {
  if (state.status !== 'none') return refuse('API_KEY_EXISTS');
  const { name, scopes, product_id, prefix, hash, maker_product_id } = command;
  if (maker_product_id !== null && product_id !== maker_product_id) return refuse('API_KEY_BEYOND_PRODUCT');
  return [{ type: 'api_key.created', name, scopes: [...new Set(scopes)], product_id, prefix, hash }];
};

const rename = (command: RenameApiKey, state: ApiKeyState): ApiKeyEvent[] => {
  const key = visible(command, state);
  if (key.status === 'revoked') return refuse('API_KEY_REVOKED');
  return key.name === command.name ? [] : [{ type: 'api_key.renamed', name: command.name, product_id: key.product_id }];
};

const revoke = (command: RevokeApiKey, state: ApiKeyState): ApiKeyEvent[] => {
  const key = visible(command, state);
  return key.status === 'revoked' ? [] : [{ type: 'api_key.revoked', product_id: key.product_id }];
};

/** The key. Refused if it does not exist, or if it belongs to a product that the caller may not see. */
export const visible = (maker: MadeBy, state: ApiKeyState): Exclude<ApiKeyState, { status: 'none' }> =>
  state.status === 'none' || (maker.maker_product_id !== null && state.product_id !== maker.maker_product_id)
    ? refuse('API_KEY_NOT_FOUND')
    : state;
