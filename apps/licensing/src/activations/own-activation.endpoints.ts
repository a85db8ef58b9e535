import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, StrictObject } from '#platform/http/schemas';
import { LICENSE_KEY } from '../identification/license-key.scheme.ts';
import { LicenseKey } from '../verification/verification.endpoints.ts';
import { ActivationOfLicense, deactivateLicense } from './activation.endpoints.ts';

const { id, identifier, identifier_hash, identifier_type, label, activated_at, last_verified } =
  ActivationOfLicense.properties;
const NOT_FOUND = { status: 404, code: 'LICENSE_NOT_FOUND' };
const TOO_MANY = { status: 429, code: 'TOO_MANY_FAILURES' };

export const listOwnActivations = endpoint({
  method: 'POST',
  path: '/license/activations',
  operation: 'listOwnActivations',
  tag: 'License',
  summary: 'Active devices and users of a license for its customer, oldest first',
  auth: LICENSE_KEY,
  body: StrictObject({ license_key: LicenseKey }),
  answers: {
    200: {
      description: 'All of them.',
      schema: StrictObject({
        license_id: Id('lic'),
        max_activations: Nullable(Type.Integer()),
        data: Type.Array(
          StrictObject(
            { id, identifier, identifier_hash, identifier_type, label, activated_at, last_verified },
            { $id: 'OwnActivation' },
          ),
        ),
      }),
    },
  },
  problems: [NOT_FOUND, TOO_MANY],
});

export const removeOwnActivation = endpoint({
  method: 'POST',
  path: '/license/activations/remove',
  operation: 'removeOwnActivation',
  tag: 'License',
  summary: 'Remove the activation of another device',
  auth: LICENSE_KEY,
  body: StrictObject({ license_key: LicenseKey, activation_id: Id('act') }),
  answers: deactivateLicense.answers,
  problems: deactivateLicense.problems,
});
