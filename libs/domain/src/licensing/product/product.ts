import { changed } from '../../shared/changed.ts';
import { refuser } from '../../shared/refusal.ts';

export const PRODUCT_TYPES = ['desktop', 'saas', 'hybrid'] as const;
export type ProductType = (typeof PRODUCT_TYPES)[number];

/** How a product's license keys look: random letters, or an envelope that is itself signed. */
export const KEY_FORMATS = ['random', 'signed'] as const;
export type KeyFormat = (typeof KEY_FORMATS)[number];

/** What a product is and what verification asks of it. */
export interface ProductTerms {
  readonly name: string;
  readonly slug: string;
  readonly type: ProductType;
  /** Apps older than this version must update; null = any version is supported. */
  readonly minimum_supported_version: string | null;
  readonly minimum_supported_message: string | null;
  /** Releases of the product must be signed. */
  readonly require_signing: boolean;
  readonly key_format: KeyFormat;
  /** The prefix of random keys; null = none. */
  readonly key_prefix: string | null;
  /** A subscriber may have several live subscriptions of the product at a time. */
  readonly allow_multiple_subscriptions: boolean;
}

/** Defaults of fields that products from before them lack. */
export const PRODUCT_DEFAULTS = { allow_multiple_subscriptions: false } as const satisfies Partial<ProductTerms>;

/** The fields that may change after a product was created. */
export type ProductChanges = Partial<Omit<ProductTerms, 'type'>>;

export type ProductEvent =
  | ({ readonly type: 'product.created'; readonly product_id: string; readonly product_type: ProductType } & Omit<
      ProductTerms,
      'type'
    >)
  | { readonly type: 'product.updated'; readonly product_id: string; readonly changes: ProductChanges };

export type Product = { readonly status: 'created'; readonly product_id: string } & ProductTerms;
export type ProductState = { readonly status: 'none' } | Product;

export type ProductCommand =
  | { readonly type: 'CreateProduct'; readonly product_id: string; readonly product: ProductTerms }
  | { readonly type: 'UpdateProduct'; readonly changes: ProductChanges };

export type Capability = 'activations' | 'releases' | 'seats' | 'usage' | 'entitlements' | 'quotas';

const CAPABILITIES: Readonly<Record<ProductType, readonly Capability[]>> = {
  desktop: ['activations', 'releases', 'usage', 'entitlements', 'quotas'],
  saas: ['seats', 'usage', 'entitlements', 'quotas'],
  hybrid: ['activations', 'releases', 'seats', 'usage', 'entitlements', 'quotas'],
};

/** Whether products of a type have a capability at all. */
export const productSupports = (type: ProductType, capability: Capability): boolean =>
  CAPABILITIES[type].includes(capability);

export const productRefusals = {
  PRODUCT_EXISTS: { status: 409, message: 'A product with this id exists.' },
  PRODUCT_NOT_FOUND: { status: 404, message: 'There is no such product.' },
  SLUG_TAKEN: { status: 409, message: 'This slug is taken.' },
  FEATURE_NOT_AVAILABLE: { status: 403, message: 'Products of this type do not have this feature.' },
};

export const refuseProduct = refuser(productRefusals);

const initialState: ProductState = { status: 'none' };

const evolve = (state: ProductState, event: ProductEvent): ProductState => {
  switch (event.type) {
    case 'product.created': {
      const { type: _event, product_type, ...terms } = event;
      return { status: 'created', type: product_type, ...PRODUCT_DEFAULTS, ...terms };
    }
    case 'product.updated':
      return state.status === 'none' ? state : { ...state, ...event.changes };
    default:
      return state;
  }
};

export const decideProduct = (command: ProductCommand, state: ProductState): readonly ProductEvent[] => {
  switch (command.type) {
    case 'CreateProduct': {
      if (state.status !== 'none') return refuseProduct('PRODUCT_EXISTS');
      const { type: product_type, ...terms } = command.product;
      return [{ type: 'product.created', product_id: command.product_id, product_type, ...terms }];
    }
    case 'UpdateProduct': {
      if (state.status === 'none') return refuseProduct('PRODUCT_NOT_FOUND');
      const changes = changed(state, command.changes);
      return Object.keys(changes).length === 0
        ? []
        : [{ type: 'product.updated', product_id: state.product_id, changes }];
    }
    default:
      return command satisfies never;
  }
};

/** One stream per product, `prod_…`. */
export const productStream = { name: 'product', initialState, evolve };
