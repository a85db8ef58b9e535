import { type Filter, mistakeIn } from '#domain/webhooks/webhook-endpoint/filter';
import type { EndpointSettings } from '#domain/webhooks/webhook-endpoint/settings';
import { API_VERSIONS, newestOf } from '../payload/versions.ts';
import type { AddressRule } from '../sending/addresses.ts';
import { defaultSettings } from '../sending/settings.ts';
import { credentialsFrom, shownCredentials } from './endpoint.credentials.ts';
import { keptHeaders, mistakeInHeaders, shownHeaders } from './endpoint.headers.ts';
import { invalid } from './endpoint.rules.ts';
import type { SettingsBody } from './endpoint.settings.ts';

/** Settings in a request. */
type Given = { readonly [Name in keyof SettingsBody]: SettingsBody[Name] };

/**
 * Settings in the form that events store.
 * @param before the current settings of the webhook
 * @throws Problem 400 for errors that the schema of a request cannot express
 */
export const settingsFrom = (
  given: Given,
  before: EndpointSettings,
  seal: (value: string) => string,
  refused: AddressRule,
): EndpointSettings => {
  const { headers, filter, api_version } = given;
  const kept = before.headers ?? [];
  if (headers !== undefined) {
    const mistake = mistakeInHeaders(headers, kept);
    if (mistake !== undefined) throw invalid(`/headers/${pointed(mistake.name)}`, mistake.detail);
  }
  if (filter !== undefined && filter !== null) {
    const mistake = mistakeIn(filter);
    if (mistake !== undefined) throw invalid(`/filter${mistake.pointer}`, mistake.detail);
  }
  return {
    ...picked(given),
    ...(headers === undefined ? {} : { headers: keptHeaders(headers, kept, seal) }),
    ...(filter === undefined ? {} : { filter: filter as Filter | null }),
    ...credentialsFrom(given, before, seal, refused),
    ...(api_version === undefined ? {} : { api_version: String(api_version) }),
  };
};

/** Settings of a new webhook that the request leaves out. */
export const newSettings = (): EndpointSettings => ({ api_version: newestOf(API_VERSIONS) });

const picked = ({
  rate_limit,
  concurrency,
  retry_schedule,
  timeouts,
  tags,
  payload_format,
  signatures,
}: Given): EndpointSettings => ({
  ...(rate_limit === undefined ? {} : { rate_limit }),
  ...(concurrency === undefined ? {} : { concurrency }),
  ...(retry_schedule === undefined ? {} : { retry_schedule }),
  ...(timeouts === undefined ? {} : { timeouts }),
  ...(tags === undefined ? {} : { tags }),
  ...(payload_format === undefined ? {} : { payload_format }),
  ...(signatures === undefined ? {} : { signatures }),
});

/** Settings as the API shows them: complete, with secrets masked. */
export const shownSettings = (settings: EndpointSettings): Required<SettingsBody> => ({
  rate_limit: settings.rate_limit ?? null,
  concurrency: settings.concurrency ?? defaultSettings.concurrency,
  retry_schedule: settings.retry_schedule ? [...settings.retry_schedule] : null,
  timeouts: settings.timeouts ?? null,
  headers: shownHeaders(settings.headers ?? []),
  tags: [...(settings.tags ?? [])],
  filter: settings.filter ?? null,
  payload_format: settings.payload_format ?? 'cloudevents',
  api_version: settings.api_version ?? API_VERSIONS[0].name,
  signatures: [...(settings.signatures ?? ['v1' as const])],
  ...shownCredentials(settings),
});

const pointed = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
