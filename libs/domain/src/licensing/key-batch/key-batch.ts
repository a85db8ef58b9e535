import type { KeyFormat } from '../product/product.ts';
import { refuser } from '../../shared/refusal.ts';
import { type Time } from '../../shared/time.ts';

/** Largest number of codes in a batch. */
export const BATCH_CODES = 10_000;

/** The terms that a batch was created with. Key format and prefix do not change later: the keys may be in print. */
export interface BatchTerms {
  readonly name: string;
  readonly product_id: string;
  readonly plan_id: string;
  readonly key_format: KeyFormat;
  readonly key_prefix: string | null;
  /** Its codes can be redeemed until this time; null = no limit. */
  readonly redeem_until: Time | null;
}

export type KeyBatchEvent =
  /** Codes, as keyed hashes. They are added before the batch is created: if that is interrupted, no visible batch is left. */
  | {
      readonly type: 'key_batch.codes_added';
      /** Position of the first of these codes in the batch, from 1. */
      readonly first: number;
      readonly code_hashes: readonly string[];
    }
  | ({ readonly type: 'key_batch.created'; readonly batch_id: string; readonly count: number } & BatchTerms)
  | {
      readonly type: 'key_batch.code_redeemed';
      readonly product_id: string;
      readonly batch_id: string;
      /** Position of the code in the batch, from 1. */
      readonly number: number;
      readonly license_id: string;
    }
  | {
      readonly type: 'key_batch.voided';
      readonly product_id: string;
      readonly batch_id: string;
      readonly reason: string | null;
    };

export type KeyBatch = BatchTerms & {
  readonly status: 'active' | 'voided';
  readonly batch_id: string;
  readonly count: number;
  /** The license of each code, at its position less one; undefined = not redeemed. */
  readonly licenses: readonly (string | undefined)[];
  readonly redeemed: number;
};
export type KeyBatchState = { readonly status: 'none'; readonly codes: number } | KeyBatch;

export type KeyBatchCommand =
  | { readonly type: 'AddCodes'; readonly code_hashes: readonly string[] }
  | { readonly type: 'CreateKeyBatch'; readonly batch_id: string; readonly terms: BatchTerms; readonly now: Time }
  | { readonly type: 'RedeemCode'; readonly number: number; readonly license_id: string; readonly now: Time }
  | { readonly type: 'VoidKeyBatch'; readonly reason: string | null };

export const keyBatchRefusals = {
  KEY_BATCH_NOT_FOUND: { status: 404, message: 'There is no such batch of keys.' },
  KEY_BATCH_EXISTS: { status: 409, message: 'A batch with this id already exists.' },
  CODE_NOT_FOUND: { status: 404, message: 'There is no such redemption code.' },
  CODE_REDEEMED: { status: 409, message: 'This code has been redeemed.' },
  CODE_EXPIRED: { status: 409, message: 'This code can no longer be redeemed: it has expired.' },
  CODE_VOIDED: { status: 409, message: 'This code can no longer be redeemed: it has been withdrawn.' },
  INVALID_REDEEM_UNTIL: { status: 400, message: 'redeem_until is in the past.' },
};
export const refuseKeyBatch = refuser(keyBatchRefusals);

export const decideKeyBatch = (command: KeyBatchCommand, state: KeyBatchState): readonly KeyBatchEvent[] => {
  switch (command.type) {
    case 'AddCodes':
      if (state.status !== 'none') return refuseKeyBatch('KEY_BATCH_EXISTS');
      return [{ type: 'key_batch.codes_added', first: state.codes + 1, code_hashes: command.code_hashes }];
    case 'CreateKeyBatch': {
      const { batch_id, terms, now } = command;
      if (state.status !== 'none') return refuseKeyBatch('KEY_BATCH_EXISTS');
      if (terms.redeem_until !== null && terms.redeem_until <= now) return refuseKeyBatch('INVALID_REDEEM_UNTIL');
      return [{ type: 'key_batch.created', batch_id, count: state.codes, ...terms }];
    }
    case 'RedeemCode':
      return state.status === 'none' ? refuseKeyBatch('CODE_NOT_FOUND') : redeem(command, state);
    case 'VoidKeyBatch': {
      if (state.status === 'none') return refuseKeyBatch('KEY_BATCH_NOT_FOUND');
      if (state.status === 'voided') return [];
      const { product_id, batch_id } = state;
      return [{ type: 'key_batch.voided', product_id, batch_id, reason: command.reason }];
    }
    default:
      return command satisfies never;
  }
};

/**
 * Gives a code to one license, permanently. A code that is redeemed again keeps its license, even if the batch has been withdrawn
 * or has expired since: a redemption that was interrupted before the license was issued can then finish.
 */
const redeem = (
  { number, license_id, now }: Extract<KeyBatchCommand, { type: 'RedeemCode' }>,
  { status, redeem_until, product_id, batch_id, licenses, count }: KeyBatch,
): readonly KeyBatchEvent[] => {
  if (number < 1 || number > count) return refuseKeyBatch('CODE_NOT_FOUND');
  if (licenses[number - 1] !== undefined) return [];
  if (status === 'voided') return refuseKeyBatch('CODE_VOIDED');
  if (redeem_until !== null && redeem_until <= now) return refuseKeyBatch('CODE_EXPIRED', { redeem_until });
  return [{ type: 'key_batch.code_redeemed', product_id, batch_id, number, license_id }];
};

const initialState: KeyBatchState = { status: 'none', codes: 0 };

const evolve = (state: KeyBatchState, event: KeyBatchEvent): KeyBatchState => {
  switch (event.type) {
    case 'key_batch.codes_added':
      return state.status === 'none' ? { ...state, codes: state.codes + event.code_hashes.length } : state;
    case 'key_batch.created': {
      const { type: _event, ...batch } = event;
      return { status: 'active', ...batch, licenses: [], redeemed: 0 };
    }
    case 'key_batch.code_redeemed': {
      if (state.status === 'none') return state;
      const licenses = [...state.licenses];
      licenses[event.number - 1] = event.license_id;
      return { ...state, licenses, redeemed: state.redeemed + 1 };
    }
    case 'key_batch.voided':
      return state.status === 'none' ? state : { ...state, status: 'voided' };
    default:
      return state;
  }
};

/** One stream per batch, `batch_…`. */
export const keyBatchStream = { name: 'key-batch', initialState, evolve };
