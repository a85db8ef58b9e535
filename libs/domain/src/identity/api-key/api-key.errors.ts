import { refuser, type Refusals } from '../../shared/refusal.ts';

export type ApiKeyRefusal = 'API_KEY_EXISTS' | 'API_KEY_NOT_FOUND' | 'API_KEY_REVOKED' | 'API_KEY_BEYOND_PRODUCT';

export const apiKeyRefusals: Refusals<ApiKeyRefusal> = {
  API_KEY_EXISTS: { status: 409, message: 'An API key with this id already exists.' },
  API_KEY_NOT_FOUND: { status: 404, message: 'There is no such API key.' },
  API_KEY_REVOKED: { status: 409, message: 'This API key has been revoked.' },
  API_KEY_BEYOND_PRODUCT: {
    status: 403,
    message: 'An API key that is bound to a product can create keys only for that product.',
  },
};

export const refuse: (code: ApiKeyRefusal, extensions?: Readonly<Record<string, unknown>>) => never =
  refuser(apiKeyRefusals);
