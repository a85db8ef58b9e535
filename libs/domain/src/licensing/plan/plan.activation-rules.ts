/** Whom a licence may be bound to beside a device: whoever has an e-mail address, or a public key. */
export const BOUND_IDENTITIES = ['email', 'public_key'] as const;
export type BoundIdentity = (typeof BOUND_IDENTITIES)[number];

/** How the devices and users of a plan's licences come and go. */
export interface ActivationRules {
  /** The first device or user binds the licence: no other is let in until an administrator undoes it. */
  readonly fingerprint_lock: boolean;
  /** What the first use binds the licence to, and every later one must name; null = nothing. */
  readonly bound_identity: BoundIdentity | null;
  /** Days after which an activation that was not verified is released; null = never. */
  readonly activation_ttl_days: number | null;
  /** How often the app may give activations up within `deactivation_period_days`; null = as often as it likes. */
  readonly max_deactivations: number | null;
  readonly deactivation_period_days: number;
}

/** Defaults of rules that are left out. */
export const ACTIVATION_DEFAULTS = {
  fingerprint_lock: false,
  bound_identity: null,
  activation_ttl_days: null,
  max_deactivations: null,
  deactivation_period_days: 30,
} as const satisfies ActivationRules;
