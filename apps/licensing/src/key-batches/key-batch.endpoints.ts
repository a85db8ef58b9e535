import Type from 'typebox';
import { normalizeLicenseKey } from '#client/key-text';
import { BATCH_CODES } from '#domain/licensing/key-batch/key-batch';
import { endpoint } from '#platform/http/endpoint';
import {
  Email,
  Id,
  Nullable,
  Page,
  PageQuery,
  SearchText,
  StrictObject,
  Text,
  Timestamp,
} from '#platform/http/schemas';
import { IssuedLicense } from '../licenses/license.endpoints.ts';

const of = { tag: 'Key batches', auth: 'licenses:write' } as const;
const params = StrictObject({ id: Id('batch') });
const NOT_FOUND = { status: 404, code: 'KEY_BATCH_NOT_FOUND' };

const fields = {
  id: Id('batch'),
  product_id: Id('prod'),
  plan_id: Id('plan'),
  name: Type.String(),
  status: Type.Enum(['active', 'voided']),
  count: Type.Integer({ description: 'Codes in the batch.' }),
  redeemed: Type.Integer({ description: 'Codes that have been redeemed.' }),
  redeem_until: Nullable(Timestamp),
  created_at: Timestamp,
};
const KeyBatch = StrictObject(fields, { $id: 'KeyBatch' });

const Code = {
  number: Type.Integer({ description: 'Position in the batch, from 1.' }),
};

export const createKeyBatch = endpoint({
  ...of,
  method: 'POST',
  path: '/admin/key-batches',
  operation: 'createKeyBatch',
  summary: 'Create a batch of redemption codes and their license keys; they are shown only once',
  query: StrictObject({
    format: Type.Optional(Type.Enum(['csv'], { description: 'The codes as a CSV file instead of JSON.' })),
  }),
  body: StrictObject({
    product_id: Id('prod'),
    plan_id: Id('plan'),
    name: SearchText(200, { min: 1 }),
    count: Type.Integer({ minimum: 1, maximum: BATCH_CODES }),
    redeem_until: Type.Optional(Nullable(Timestamp)),
  }),
  answers: {
    201: {
      description: 'The batch, with its codes.',
      files: ['text/csv'],
      schema: StrictObject(
        {
          ...fields,
          codes: Type.Array(
            StrictObject({
              ...Code,
              code: Type.String(),
              license_key: Nullable(
                Type.String({
                  description:
                    'The key of the license that the code is redeemed for; not valid before. null if keys are signed: a signed key is made on redemption.',
                }),
              ),
            }),
          ),
        },
        { $id: 'NewKeyBatch' },
      ),
    },
  },
  problems: [
    { status: 404, code: 'PRODUCT_NOT_FOUND' },
    { status: 404, code: 'PLAN_NOT_FOUND' },
    { status: 409, code: 'PLAN_INACTIVE' },
    { status: 400, code: 'INVALID_REDEEM_UNTIL' },
  ],
});

export const listKeyBatches = endpoint({
  ...of,
  method: 'GET',
  path: '/admin/key-batches',
  operation: 'listKeyBatches',
  summary: 'List batches of redemption codes, newest first',
  query: PageQuery({ product_id: Type.Optional(Id('prod')) }),
  answers: { 200: { description: 'A page of batches.', schema: Page(KeyBatch) } },
  problems: [],
});

export const readKeyBatch = endpoint({
  ...of,
  method: 'GET',
  path: '/admin/key-batches/:id',
  operation: 'readKeyBatch',
  summary: 'Read a batch: how many of its codes have been redeemed',
  params,
  answers: { 200: { description: 'The batch.', schema: KeyBatch, etag: true } },
  problems: [NOT_FOUND],
});

export const listCodes = endpoint({
  ...of,
  method: 'GET',
  path: '/admin/key-batches/:id/codes',
  operation: 'listRedemptionCodes',
  summary: 'The codes of a batch, by position, with the licenses that they were redeemed for',
  params,
  query: PageQuery({}),
  answers: {
    200: {
      description: 'A page of codes, without their texts, which are not stored.',
      schema: Page(
        StrictObject(
          { ...Code, license_id: Nullable(Id('lic')), redeemed_at: Nullable(Timestamp) },
          { $id: 'RedemptionCode' },
        ),
      ),
    },
  },
  problems: [NOT_FOUND],
});

export const voidKeyBatch = endpoint({
  ...of,
  method: 'POST',
  path: '/admin/key-batches/:id/void',
  operation: 'voidKeyBatch',
  summary: 'Withdraw a batch: codes that are not redeemed yet can no longer be redeemed',
  params,
  body: StrictObject({ reason: Type.Optional(Nullable(Text(500))) }),
  answers: { 200: { description: 'The batch as it is now.', schema: KeyBatch } },
  problems: [NOT_FOUND],
});

export const redeemCode = endpoint({
  method: 'POST',
  path: '/license/redeem',
  operation: 'redeemCode',
  tag: 'License',
  summary: 'Redeem a code for a license, once; its term begins now',
  auth: 'public',
  body: StrictObject({
    code: Type.String({
      normalize: normalizeLicenseKey,
      minLength: 1,
      maxLength: 100,
      description: 'Normalized like license keys, so it may be sent as it was pasted or typed.',
    }),
    email: Email,
    name: Type.Optional(Nullable(SearchText(200))),
    org_name: Type.Optional(Nullable(SearchText(200))),
  }),
  answers: { 201: { description: 'The license, with its key.', schema: IssuedLicense } },
  problems: [
    { status: 404, code: 'CODE_NOT_FOUND' },
    { status: 409, code: 'CODE_REDEEMED' },
    { status: 409, code: 'CODE_EXPIRED' },
    { status: 409, code: 'CODE_VOIDED' },
    { status: 409, code: 'TRIAL_USED' },
    { status: 429, code: 'TOO_MANY_FAILURES' },
  ],
});
