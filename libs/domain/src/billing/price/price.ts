import { changed } from '../../shared/changed.ts';
import { refusePrice } from './price.errors.ts';
import { assertValidPrice } from './price.rules.ts';
import type { PriceTerms } from './price.terms.ts';

/** What may change after a price was created. No amount depends on it. */
export interface PriceLabels {
  /** Inactive prices are not sold; subscriptions that have one keep it. */
  readonly active: boolean;
  /** For the merchant's own people. */
  readonly nickname: string | null;
  /** A name by which programs find the price, unique among all prices. */
  readonly lookup_key: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export type PriceEvent =
  | ({ readonly type: 'price.created' } & PriceTerms & PriceLabels)
  | {
      readonly type: 'price.updated';
      readonly product_id: string;
      readonly plan_id: string;
      readonly changes: Partial<PriceLabels>;
    };

export type Price = { readonly status: 'created' } & PriceTerms & PriceLabels;
export type PriceState = { readonly status: 'none' } | Price;

export type PriceCommand =
  | { readonly type: 'CreatePrice'; readonly price: PriceTerms & PriceLabels }
  | { readonly type: 'UpdatePrice'; readonly changes: Partial<PriceLabels> };

const initialState: PriceState = { status: 'none' };

const evolve = (state: PriceState, event: PriceEvent): PriceState => {
  switch (event.type) {
    case 'price.created': {
      const { type: _event, ...price } = event;
      return { status: 'created', ...price };
    }
    case 'price.updated':
      return state.status === 'none' ? state : { ...state, ...event.changes };
    default:
      return state;
  }
};

export const decidePrice = (command: PriceCommand, state: PriceState): readonly PriceEvent[] => {
  switch (command.type) {
    case 'CreatePrice':
      if (state.status !== 'none') return refusePrice('PRICE_EXISTS');
      assertValidPrice(command.price);
      return [{ type: 'price.created', ...command.price }];
    case 'UpdatePrice': {
      if (state.status === 'none') return refusePrice('PRICE_NOT_FOUND');
      const { product_id, plan_id, active, nickname, lookup_key, metadata } = state;
      const changes = changed<PriceLabels>({ active, nickname, lookup_key, metadata }, command.changes);
      return Object.keys(changes).length === 0 ? [] : [{ type: 'price.updated', product_id, plan_id, changes }];
    }
    default:
      return command satisfies never;
  }
};

/** One stream per price, `price_…`. */
export const priceStream = { name: 'price', initialState, evolve };
