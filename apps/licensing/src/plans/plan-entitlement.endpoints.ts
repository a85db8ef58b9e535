import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, StrictObject } from '#platform/http/schemas';
import { Entitlement, Feature, quotaTerms, Value, ValueType } from '../entitlements/entitlement.schemas.ts';

const TAG = 'Plans';
const path = '/admin/plans/:id/entitlements';
const PLAN_NOT_FOUND = { status: 404, code: 'PLAN_NOT_FOUND' };
const NOT_FOUND = { status: 404, code: 'ENTITLEMENT_NOT_FOUND' };
const INVALID = { status: 400, code: 'INVALID_ENTITLEMENT' };

const terms = {
  quota_period: Type.Optional(quotaTerms.quota_period),
  quota_unit: Type.Optional(quotaTerms.quota_unit),
  stripe_meter_event_name: Type.Optional(quotaTerms.stripe_meter_event_name),
  overage: Type.Optional(quotaTerms.overage),
};
const one = StrictObject({ id: Id('plan'), feature: Feature });

export const addEntitlement = endpoint({
  method: 'POST',
  path,
  operation: 'addEntitlement',
  tag: TAG,
  summary: 'Add an entitlement to a plan, also for existing licenses',
  auth: 'admin',
  params: StrictObject({ id: Id('plan') }),
  body: StrictObject({ feature: Feature, value_type: ValueType, value: Value, ...terms }),
  answers: { 201: { description: 'The entitlement.', schema: Entitlement } },
  problems: [PLAN_NOT_FOUND, INVALID, { status: 409, code: 'ENTITLEMENT_EXISTS' }],
});

export const listEntitlements = endpoint({
  method: 'GET',
  path,
  operation: 'listEntitlements',
  tag: TAG,
  summary: 'List the entitlements of a plan, by feature',
  auth: 'admin',
  params: StrictObject({ id: Id('plan') }),
  answers: {
    200: {
      description: 'All of them.',
      schema: StrictObject({ data: Type.Array(Entitlement), next_cursor: Type.Null() }),
    },
  },
  problems: [PLAN_NOT_FOUND],
});

export const changeEntitlement = endpoint({
  method: 'PATCH',
  path: `${path}/:feature`,
  operation: 'changeEntitlement',
  tag: TAG,
  summary: 'Change an entitlement of a plan, also for existing licenses',
  auth: 'admin',
  params: one,
  body: StrictObject({ value: Type.Optional(Value), ...terms }),
  answers: { 200: { description: 'The entitlement.', schema: Entitlement } },
  problems: [PLAN_NOT_FOUND, NOT_FOUND, INVALID],
});

export const removeEntitlement = endpoint({
  method: 'DELETE',
  path: `${path}/:feature`,
  operation: 'removeEntitlement',
  tag: TAG,
  summary: 'Remove an entitlement from a plan, also for existing licenses',
  auth: 'admin',
  params: one,
  answers: { 204: { description: 'The entitlement is removed.', schema: null } },
  problems: [PLAN_NOT_FOUND, NOT_FOUND],
});
