import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, StrictObject, Text } from '#platform/http/schemas';
import { EffectiveEntitlement, Feature, quotaTerms, Value, ValueType } from './entitlement.schemas.ts';

const TAG = 'Licenses';
const LICENSE_NOT_FOUND = { status: 404, code: 'LICENSE_NOT_FOUND' };
const NOT_FOUND = { status: 404, code: 'ENTITLEMENT_NOT_FOUND' };
const REVOKED = { status: 409, code: 'LICENSE_REVOKED' };
const NOT_AVAILABLE = { status: 403, code: 'FEATURE_NOT_AVAILABLE' };

const license = StrictObject({ id: Id('lic') });
const addOn = StrictObject({ id: Id('lic'), add_on_id: Id('addon') });
const feature = StrictObject({ id: Id('lic'), feature: Feature });

const Effective = StrictObject(
  {
    add_ons: Type.Array(Id('addon'), { description: 'Add-ons that the license has.' }),
    data: Type.Array(EffectiveEntitlement),
    next_cursor: Type.Null(),
  },
  { $id: 'LicenseEntitlements' },
);

export const readEntitlements = endpoint({
  method: 'GET',
  path: '/admin/licenses/:id/entitlements',
  operation: 'listLicenseEntitlements',
  tag: TAG,
  summary: 'The entitlements of a license, with their sources: its plan, its add-ons and its own overrides',
  auth: 'licenses:write',
  params: license,
  answers: { 200: { description: 'All of its entitlements, by feature.', schema: Effective } },
  problems: [LICENSE_NOT_FOUND],
});

export const enableAddOn = endpoint({
  method: 'POST',
  path: '/admin/licenses/:id/add-ons/:add_on_id',
  operation: 'enableAddOn',
  tag: TAG,
  summary: 'Give a license an add-on of its product',
  auth: 'licenses:write',
  params: addOn,
  answers: { 200: { description: 'The entitlements of the license now.', schema: Effective } },
  problems: [
    LICENSE_NOT_FOUND,
    { status: 404, code: 'ADD_ON_NOT_FOUND' },
    REVOKED,
    { status: 409, code: 'ADD_ON_INACTIVE' },
    NOT_AVAILABLE,
  ],
});

export const disableAddOn = endpoint({
  method: 'DELETE',
  path: '/admin/licenses/:id/add-ons/:add_on_id',
  operation: 'disableAddOn',
  tag: TAG,
  summary: 'Remove an add-on from a license',
  auth: 'licenses:write',
  params: addOn,
  answers: { 204: { description: 'The add-on is removed.', schema: null } },
  problems: [LICENSE_NOT_FOUND, { status: 404, code: 'ADD_ON_NOT_FOUND' }, REVOKED],
});

export const overrideEntitlement = endpoint({
  method: 'PUT',
  path: '/admin/licenses/:id/entitlements/:feature',
  operation: 'overrideEntitlement',
  tag: TAG,
  summary: 'Override an entitlement of a license, instead of the value from its plan and add-ons',
  auth: 'licenses:write',
  params: feature,
  body: StrictObject({
    value: Value,
    value_type: Type.Optional(ValueType),
    quota_period: Type.Optional(quotaTerms.quota_period),
    quota_unit: Type.Optional(quotaTerms.quota_unit),
    stripe_meter_event_name: Type.Optional(quotaTerms.stripe_meter_event_name),
    overage: Type.Optional(quotaTerms.overage),
    reason: Type.Optional(Nullable(Text(500))),
  }),
  answers: { 200: { description: 'The entitlement as it is now.', schema: EffectiveEntitlement } },
  problems: [LICENSE_NOT_FOUND, REVOKED, { status: 400, code: 'INVALID_ENTITLEMENT' }, NOT_AVAILABLE],
});

export const restoreEntitlement = endpoint({
  method: 'DELETE',
  path: '/admin/licenses/:id/entitlements/:feature',
  operation: 'restoreEntitlement',
  tag: TAG,
  summary: 'Remove the override of a feature: its plan and add-ons apply again',
  auth: 'licenses:write',
  params: feature,
  answers: { 204: { description: 'The override is removed.', schema: null } },
  problems: [LICENSE_NOT_FOUND, NOT_FOUND, REVOKED],
});
