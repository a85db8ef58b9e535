/** What a license may be bound to beside a device: an e-mail address, or a public key. */
export const BOUND_IDENTITIES = ['email', 'public_key'] as const;
export type BoundIdentity = (typeof BOUND_IDENTITIES)[number];

/** Rules for the devices and users of a plan's licenses. */
export interface ActivationRules {
  /** The first device or user binds the license: others are refused until an administrator unbinds it. */
  readonly fingerprint_lock: boolean;
  /** What the first use binds the license to, and every later use must name; null = nothing. */
  readonly bound_identity: BoundIdentity | null;
  /** Days after which an activation that was not verified is released; null = never. */
  readonly activation_ttl_days: number | null;
  /** How many activations the app may release within `deactivation_period_days`; null = unlimited. */
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
