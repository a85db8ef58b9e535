import type { EntitlementValue } from '../entitlements/entitlement.ts';
import { changed } from '../../shared/changed.ts';
import { refuser } from '../../shared/refusal.ts';

/** An entitlement that licenses of a product can have in addition to their plan. */
export interface AddOnTerms {
  readonly product_id: string;
  readonly slug: string;
  readonly feature: string;
  /** Is added to a number, or replaces a flag or a text; null = unlimited. */
  readonly value: EntitlementValue;
  /** An inactive add-on cannot be enabled for more licenses; licenses that have it keep it. */
  readonly active: boolean;
  /** If several add-ons replace one value, the last in this order wins. */
  readonly sort_order: number;
}

/** Defaults of fields that are left out. */
export const ADD_ON_DEFAULTS = { active: true, sort_order: 0 } as const satisfies Partial<AddOnTerms>;

export type AddOnChanges = Partial<Omit<AddOnTerms, 'product_id' | 'feature'>>;

export type AddOnEvent =
  | ({ readonly type: 'add_on.created' } & AddOnTerms)
  | { readonly type: 'add_on.updated'; readonly product_id: string; readonly changes: AddOnChanges };

export type AddOn = { readonly status: 'created' } & AddOnTerms;
export type AddOnState = { readonly status: 'none' } | AddOn;

export type AddOnCommand =
  | { readonly type: 'CreateAddOn'; readonly add_on: AddOnTerms }
  | { readonly type: 'UpdateAddOn'; readonly changes: AddOnChanges };

export const addOnRefusals = {
  ADD_ON_EXISTS: { status: 409, message: 'An add-on with this id exists.' },
  ADD_ON_NOT_FOUND: { status: 404, message: 'There is no such add-on.' },
  ADD_ON_INACTIVE: { status: 409, message: 'The add-on is inactive: it cannot be enabled for more licenses.' },
  SLUG_TAKEN: { status: 409, message: 'This slug is taken.' },
};

export const refuseAddOn = refuser(addOnRefusals);

const initialState: AddOnState = { status: 'none' };

const evolve = (state: AddOnState, event: AddOnEvent): AddOnState => {
  switch (event.type) {
    case 'add_on.created': {
      const { type: _event, ...terms } = event;
      return { status: 'created', ...terms };
    }
    case 'add_on.updated':
      return state.status === 'none' ? state : { ...state, ...event.changes };
    default:
      return state;
  }
};

export const decideAddOn = (command: AddOnCommand, state: AddOnState): readonly AddOnEvent[] => {
  switch (command.type) {
    case 'CreateAddOn':
      if (state.status !== 'none') return refuseAddOn('ADD_ON_EXISTS');
      return [{ type: 'add_on.created', ...command.add_on }];
    case 'UpdateAddOn': {
      if (state.status === 'none') return refuseAddOn('ADD_ON_NOT_FOUND');
      const changes = changed<AddOnTerms>(state, command.changes);
      return Object.keys(changes).length === 0
        ? []
        : [{ type: 'add_on.updated', product_id: state.product_id, changes }];
    }
    default:
      return command satisfies never;
  }
};

/** One stream per add-on, `addon_…`. */
export const addOnStream = { name: 'add_on', initialState, evolve };
