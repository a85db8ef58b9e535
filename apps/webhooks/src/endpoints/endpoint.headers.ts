import type { CustomHeader } from '#domain/webhooks/webhook-endpoint/settings';
import { MASK } from './endpoint.settings.ts';

/** Headers that HTTP, CloudEvents, Standard Webhooks or Keyledger itself sets. */
const RESERVED =
  /^(host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|content-.*|date|user-agent|proxy-.*|webhook-.*|ce-.*|traceparent|tracestate)$/;
const SECRET = /auth|key|token|secret|cookie|passw|credential|signature|session/;

export interface HeaderMistake {
  readonly name: string;
  readonly detail: string;
}

/** The first header that is not allowed, with the reason. @param kept the current headers of the webhook */
export const mistakeInHeaders = (
  headers: Readonly<Record<string, string>>,
  kept: readonly CustomHeader[],
): HeaderMistake | undefined => {
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (RESERVED.test(lower)) return { name, detail: 'is reserved: deliveries carry it, or must not' };
    if (seen.has(lower)) return { name, detail: 'stands there twice' };
    if (value === MASK && keptOf(name, kept) === undefined)
      return { name, detail: 'is a mask, and no value is kept behind it' };
    seen.add(lower);
  }
  return undefined;
};

/** Headers in the form that events store. A masked header keeps its stored value. */
export const keptHeaders = (
  headers: Readonly<Record<string, string>>,
  kept: readonly CustomHeader[],
  seal: (value: string) => string,
): CustomHeader[] =>
  Object.entries(headers).map(([name, value]) => {
    if (!SECRET.test(name.toLowerCase())) return { name, value };
    const same = value === MASK ? keptOf(name, kept) : undefined;
    return same ?? { name, sealed: seal(value) };
  });

export const shownHeaders = (headers: readonly CustomHeader[]): Record<string, string> =>
  Object.fromEntries(headers.map((header) => [header.name, 'value' in header ? header.value : MASK]));

const keptOf = (name: string, kept: readonly CustomHeader[]): CustomHeader | undefined =>
  kept.find((header) => 'sealed' in header && header.name.toLowerCase() === name.toLowerCase());
