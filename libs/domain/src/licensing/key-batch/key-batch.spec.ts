import { specification } from '../../../testing/given.ts';
import { addDays } from '../../shared/time.ts';
import {
  type BatchTerms,
  decideKeyBatch,
  type KeyBatchCommand,
  type KeyBatchEvent,
  type KeyBatchState,
  keyBatchStream,
} from './key-batch.ts';

const given = specification<KeyBatchCommand, KeyBatchEvent, KeyBatchState>({
  ...keyBatchStream,
  decide: decideKeyBatch,
});

const T0 = '2026-01-31T09:00:00.000Z';
const terms: BatchTerms = {
  name: 'Boxes',
  product_id: 'prod_1',
  plan_id: 'plan_1',
  key_format: 'random',
  key_prefix: 'ACME',
  redeem_until: addDays(T0, 30),
};
const codes: KeyBatchEvent[] = [
  { type: 'key_batch.codes_added', first: 1, code_hashes: ['h1', 'h2'] },
  { type: 'key_batch.codes_added', first: 3, code_hashes: ['h3'] },
];
const created: KeyBatchEvent = { type: 'key_batch.created', batch_id: 'batch_1', count: 3, ...terms };
const create: KeyBatchCommand = { type: 'CreateKeyBatch', batch_id: 'batch_1', terms, now: T0 };
const redeem = (number: number, license_id: string, now = T0): KeyBatchCommand => ({
  type: 'RedeemCode',
  number,
  license_id,
  now,
});
const redeemed = (number: number, license_id: string): KeyBatchEvent => ({
  type: 'key_batch.code_redeemed',
  product_id: 'prod_1',
  batch_id: 'batch_1',
  number,
  license_id,
});
const voided: KeyBatchEvent = { type: 'key_batch.voided', product_id: 'prod_1', batch_id: 'batch_1', reason: null };

describe('a batch of keys', () => {
  it('exists once all its codes are added, and accepts no more codes after that', () => {
    given(...codes.slice(0, 1))
      .when({ type: 'AddCodes', code_hashes: ['h3'] })
      .then(codes.slice(1));
    given(...codes)
      .when(create)
      .then([created]);
    given(...codes, created)
      .when({ type: 'AddCodes', code_hashes: ['h4'] })
      .thenRefused('KEY_BATCH_EXISTS');
    given(...codes, created)
      .when(create)
      .thenRefused('KEY_BATCH_EXISTS');
    given(...codes)
      .when({ ...create, now: addDays(T0, 30) } as KeyBatchCommand)
      .thenRefused('INVALID_REDEEM_UNTIL');
  });

  it('gives each code to one license, also if the code is redeemed again', () => {
    given(...codes, created)
      .when(redeem(2, 'lic_1'))
      .then([redeemed(2, 'lic_1')]);
    given(...codes, created, redeemed(2, 'lic_1'))
      .when(redeem(2, 'lic_2'))
      .thenNothing();
    given(...codes, created, redeemed(2, 'lic_1'))
      .when(redeem(3, 'lic_2'))
      .then([redeemed(3, 'lic_2')]);
  });

  it('refuses a code that it does not have', () => {
    for (const number of [0, 4, -1])
      given(...codes, created)
        .when(redeem(number, 'lic_1'))
        .thenRefused('CODE_NOT_FOUND');
    given(...codes)
      .when(redeem(1, 'lic_1'))
      .thenRefused('CODE_NOT_FOUND');
  });

  it('redeems until it expires or is withdrawn; an interrupted redemption can still finish', () => {
    given(...codes, created)
      .when(redeem(1, 'lic_1', addDays(T0, 30)))
      .thenRefused('CODE_EXPIRED', { redeem_until: addDays(T0, 30) });
    given(...codes, created, redeemed(1, 'lic_1'), voided)
      .when(redeem(2, 'lic_2'))
      .thenRefused('CODE_VOIDED');
    given(...codes, created, redeemed(1, 'lic_1'), voided)
      .when(redeem(1, 'lic_2', addDays(T0, 40)))
      .thenNothing();
  });

  it('is withdrawn once', () => {
    const withdraw: KeyBatchCommand = { type: 'VoidKeyBatch', reason: null };
    given(...codes, created)
      .when(withdraw)
      .then([voided]);
    given(...codes, created, voided)
      .when(withdraw)
      .thenNothing();
    given(...codes)
      .when(withdraw)
      .thenRefused('KEY_BATCH_NOT_FOUND');
  });
});
