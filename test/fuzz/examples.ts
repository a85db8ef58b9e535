import type { Instance } from '../support/instance.ts';

/** Replacements for schemas during fuzzing, by the prefix of an id or by the name of a field. */
export interface Examples {
  readonly ids: Readonly<Record<string, readonly string[]>>;
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

/** Several of each kind, since the requests revoke or delete some. */
const EACH = 5;

/** Creates the resources that requests refer to. */
export const makeExamples = async ({ post }: Instance): Promise<Examples> => {
  const ids: Record<string, string[]> = {};
  const keys: string[] = [];
  const make = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
    const made = await post(`/api/v1${path}`, body);
    const id = String(made['id'] ?? made['activation_id']);
    (ids[id.slice(0, id.indexOf('_'))] ??= []).push(id);
    return made;
  };
  for (let n = 0; n < EACH; n++) {
    const product = await make('/admin/products', { name: `Fuzz ${n}`, slug: `fuzz-${n}`, type: 'hybrid' });
    const plan = await make('/admin/plans', {
      product_id: product['id'],
      name: 'Fuzz',
      slug: 'fuzz',
      license_type: n % 2 ? 'subscription' : 'trial',
      license_model: 'standard',
      ...(n % 2 ? { billing_interval: 'month' } : { trial_days: 14 }),
    });
    await make('/admin/webhooks', { product_id: product['id'], url: 'https://example.com/hook', events: ['*'] });
    await make('/admin/api-keys', { name: `Fuzz ${n}`, scopes: ['licenses:write'] });
    const license = await make('/admin/licenses', {
      product_id: product['id'],
      plan_id: plan['id'],
      email: `fuzz${n}@example.com`,
    });
    keys.push(String(license['license_key']));
    await make('/license/activate', { license_key: license['license_key'], identifier: `device-${n}` });
  }
  const codes: string[] = [];
  for (const [n, product_id] of (ids['prod'] ?? []).entries()) {
    const batch = await make('/admin/key-batches', { product_id, plan_id: ids['plan']?.[n], name: 'Fuzz', count: 20 });
    codes.push(...(batch['codes'] as { code: string }[]).map(({ code }) => code));
  }
  return {
    ids,
    fields: { code: codes, license_key: keys, identifier: ['device-0', 'device-1', 'device-2', 'device-3', 'new'] },
  };
};

/** The document in which ids and keys of existing resources replace the patterns of ids and keys. */
export const withExamples = (document: unknown, { ids, fields }: Examples): unknown => {
  const replace = (value: unknown, name: string): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => replace(item, ''));
    const schema = value as Record<string, unknown>;
    const prefix =
      typeof schema['pattern'] === 'string' ? /^\^([a-z]+)_\[0-7\]/.exec(schema['pattern'])?.[1] : undefined;
    const known =
      (prefix === undefined ? undefined : ids[prefix]) ?? (schema['type'] === 'string' ? fields[name] : undefined);
    if (known !== undefined) return { type: 'string', enum: known };
    return Object.fromEntries(Object.entries(schema).map(([key, inner]) => [key, replace(inner, key)]));
  };
  const { paths, components, ...rest } = document as Record<string, unknown>;
  // Only requests use existing ids; answers are compared with the documented schemas, whatever resource they describe.
  return { ...rest, components, paths: mapRequests(paths, replace) };
};

type Operation = Readonly<Record<string, unknown>>;

const mapRequests = (paths: unknown, replace: (value: unknown, name: string) => unknown): unknown =>
  Object.fromEntries(
    Object.entries(paths as Record<string, Record<string, Operation>>).map(([path, methods]) => [
      path,
      Object.fromEntries(
        Object.entries(methods).map(([method, { parameters, requestBody, ...others }]) => [
          method,
          {
            ...others,
            parameters: replace(parameters, ''),
            ...(requestBody === undefined ? {} : { requestBody: replace(requestBody, '') }),
          },
        ]),
      ),
    ]),
  );
