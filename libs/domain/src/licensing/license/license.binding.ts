import type { Time } from '../../shared/time.ts';

export const BINDINGS = ['fingerprint', 'identity'] as const;
/** What a license may be bound to: one device or user, and one e-mail address or public key. */
export type Binding = (typeof BINDINGS)[number];

export interface Bound {
  /** Hash of the normalized identifier, or keyed hash of the identity. */
  readonly hash: string;
  readonly bound_at: Time;
}

/** null = not bound. */
export type Bindings = Readonly<Record<Binding, Bound | null>>;

export const UNBOUND: Bindings = { fingerprint: null, identity: null };

interface OfProduct {
  readonly product_id: string;
}

export type BindingEvent =
  | (OfProduct & Bound & { readonly type: 'license.bound'; readonly binding: Binding })
  | (OfProduct & { readonly type: 'license.unbound'; readonly binding: Binding; readonly reason: string | null });

export const evolveBindings = (bindings: Bindings, event: BindingEvent): Bindings => ({
  ...bindings,
  [event.binding]: event.type === 'license.bound' ? { hash: event.hash, bound_at: event.bound_at } : null,
});
