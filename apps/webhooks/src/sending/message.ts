import { payloadOf } from '../payload/formats.ts';
import type { ApiVersion } from '../payload/versions.ts';
import type { Message } from './attempt.ts';
import { signatureHeaders } from './signature.ts';
import type { Target } from './target.ts';

export const USER_AGENT = 'Keyledger-Webhooks/1.0';

/** The request of one attempt. All attempts have the same id and body; each has its own timestamp and signatures. */
export const messageOf = (
  target: Target,
  { event_id, body: stored }: { readonly event_id: string; readonly body: string },
  at: Date,
  versions: readonly ApiVersion[],
): Message => {
  const { origin, path, format, api_version } = target;
  const { headers, body } = payloadOf(stored, format, api_version, versions);
  const signers = target.signers(at.getTime());
  return {
    origin,
    path,
    // The headers of the event come last, so that a custom header cannot replace them.
    headers: {
      'user-agent': USER_AGENT,
      ...target.headers,
      ...headers,
      ...signatureHeaders(event_id, at, body, signers),
    },
    body,
    ...(target.token === undefined ? {} : { token: target.token }),
  };
};
