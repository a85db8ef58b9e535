import { decide, type ApiKeyCommand } from './api-key.commands.ts';
import { type ApiKeyEvent, evolve, initialState } from './api-key.ts';

const created: ApiKeyEvent = {
  type: 'api_key.created',
  name: 'Order system',
  scopes: ['licenses:write'],
  product_id: 'prod_1',
  prefix: 'kl_abcdefgh',
  hash: 'h',
};
const create: ApiKeyCommand = { ...created, type: 'CreateApiKey', maker_product_id: null };
const revoked: ApiKeyEvent = { type: 'api_key.revoked', product_id: 'prod_1' };

const given = (...events: ApiKeyEvent[]) => ({
  when: (command: ApiKeyCommand) => decide(command, events.reduce(evolve, initialState)),
});

describe('an API key', () => {
  it('is created once', () => {
    expect(given().when(create)).toEqual([created]);
    expect(() => given(created).when(create)).toThrow(expect.objectContaining({ code: 'API_KEY_EXISTS' }));
  });

  it('holds each scope once', () => {
    expect(given().when({ ...create, scopes: ['admin', 'admin'] })).toEqual([{ ...created, scopes: ['admin'] }]);
  });

  it.each([null, 'prod_2'])('for %s is not created by a key that is bound to prod_1', (product_id) => {
    expect(() => given().when({ ...create, product_id, maker_product_id: 'prod_1' })).toThrow(
      expect.objectContaining({ code: 'API_KEY_BEYOND_PRODUCT', status: 403 }),
    );
  });

  it('is created by a key that is bound to the same product', () => {
    expect(given().when({ ...create, maker_product_id: 'prod_1' })).toEqual([created]);
  });

  it('is revoked once; a second revocation does nothing', () => {
    expect(given(created).when({ type: 'RevokeApiKey', maker_product_id: null })).toEqual([revoked]);
    expect(given(created, revoked).when({ type: 'RevokeApiKey', maker_product_id: null })).toEqual([]);
  });

  it.each(['RevokeApiKey', 'RenameApiKey'] as const)('does not exist for keys of other products (%s)', (type) => {
    const command: ApiKeyCommand = { type, name: 'x', maker_product_id: 'prod_2' };
    expect(() => given(created).when(command)).toThrow(
      expect.objectContaining({ code: 'API_KEY_NOT_FOUND', status: 404 }),
    );
    expect(() => given().when(command)).toThrow(expect.objectContaining({ code: 'API_KEY_NOT_FOUND' }));
  });

  it('can be renamed until it is revoked', () => {
    const rename: ApiKeyCommand = { type: 'RenameApiKey', name: 'Shop', maker_product_id: null };
    expect(given(created).when(rename)).toEqual([{ type: 'api_key.renamed', name: 'Shop', product_id: 'prod_1' }]);
    expect(given(created).when({ ...rename, name: 'Order system' })).toEqual([]);
    expect(() => given(created, revoked).when(rename)).toThrow(expect.objectContaining({ code: 'API_KEY_REVOKED' }));
  });

  it('keeps its state on an unknown event', () => {
    const state = evolve(initialState, created);
    expect(evolve(state, { type: 'api_key.polished' } as unknown as ApiKeyEvent)).toBe(state);
  });
});
