import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, StrictObject } from '#platform/http/schemas';
import { LICENSE_KEY } from '../identification/license-key.scheme.ts';
import { Feature, quotaTerms, Value, ValueType } from '../entitlements/entitlement.schemas.ts';
import {
  ENTITLEMENT_NOT_FOUND,
  LICENSE_NOT_FOUND,
  NOT_AVAILABLE,
  noted,
  Quantity,
  quotaUse,
  TOO_MANY_FAILURES,
  UNUSABLE,
  whose,
} from './usage.schemas.ts';

const TAG = 'License';

export const recordUsage = endpoint({
  method: 'POST',
  path: '/license/usage',
  operation: 'recordUsage',
  tag: TAG,
  summary: 'Count usage of a feature: the whole quantity, or a refusal if the quota does not allow it',
  auth: LICENSE_KEY,
  body: StrictObject({ ...whose, feature: Feature, quantity: Quantity, ...noted }),
  answers: {
    200: {
      description: 'It is counted.',
      schema: StrictObject(
        {
          accepted: Type.Literal(true),
          license_id: Id('lic'),
          feature: Feature,
          quantity: Quantity,
          overage: Type.Boolean({ description: 'It was counted above the limit.' }),
          ...quotaUse,
        },
        { $id: 'RecordedUsage' },
      ),
    },
  },
  problems: [
    LICENSE_NOT_FOUND,
    ENTITLEMENT_NOT_FOUND,
    ...UNUSABLE,
    { status: 429, code: 'QUOTA_EXCEEDED' },
    { status: 400, code: 'TIMESTAMP_OUT_OF_RANGE' },
    NOT_AVAILABLE,
    TOO_MANY_FAILURES,
  ],
});

const asked = StrictObject({ ...whose, feature: Type.Optional(Feature) });
const problems = [LICENSE_NOT_FOUND, ENTITLEMENT_NOT_FOUND, ...UNUSABLE, NOT_AVAILABLE, TOO_MANY_FAILURES];

export const usageStatus = endpoint({
  method: 'POST',
  path: '/license/usage/status',
  operation: 'readUsageStatus',
  tag: TAG,
  summary: 'The quotas of a license and their usage',
  auth: LICENSE_KEY,
  body: asked,
  answers: {
    200: {
      description: 'Each quota, or the requested one, by feature.',
      schema: StrictObject(
        { license_id: Id('lic'), usage: Type.Record(Type.String(), StrictObject(quotaUse)) },
        { $id: 'UsageStatus' },
      ),
    },
  },
  problems,
});

const { used, limit, remaining, available, period, period_start, resets_at } = quotaUse;

export const licenseEntitlements = endpoint({
  method: 'POST',
  path: '/license/entitlements',
  operation: 'readEntitlements',
  tag: TAG,
  summary: 'The entitlements of a license, and what is left of its quotas',
  auth: LICENSE_KEY,
  body: asked,
  answers: {
    200: {
      description: 'Each entitlement, or the requested one, by feature.',
      schema: StrictObject(
        {
          license_id: Id('lic'),
          entitlements: Type.Record(
            Type.String(),
            StrictObject({
              value_type: ValueType,
              value: Value,
              quota_unit: quotaTerms.quota_unit,
              overage: quotaTerms.overage,
              used: Type.Optional(used),
              limit: Type.Optional(limit),
              remaining: Type.Optional(remaining),
              available: Type.Optional(available),
              period: Type.Optional(period),
              period_start: Type.Optional(period_start),
              resets_at: Type.Optional(resets_at),
            }),
          ),
        },
        { $id: 'EntitlementsOfLicense' },
      ),
    },
  },
  problems,
});
