/** Reasons of billing to suspend a license. */
export const BILLING_HOLDS = ['unpaid', 'paused', 'disputed', 'refunded', 'ended'] as const;
export type BillingHold = (typeof BILLING_HOLDS)[number];

/** Reasons for which a license is suspended at present. It works again when there is none left. */
export type Hold = 'operator' | BillingHold;

/** Changes of the holds of a license that is suspended before and after. They are not published. */
export type HoldEvent = {
  readonly type: 'license.held' | 'license.released';
  readonly product_id: string;
  readonly hold: Hold;
};

/** An event of a license, as far as it concerns holds. */
interface HoldingEvent {
  readonly type: string;
  /** Of `license.suspended`; missing for an operator. */
  readonly by?: BillingHold;
  readonly hold?: Hold;
}

/** The holds after an event. */
export const evolveHolds = (holds: ReadonlySet<Hold>, event: HoldingEvent): ReadonlySet<Hold> => {
  switch (event.type) {
    case 'license.suspended':
      return new Set([event.by ?? 'operator']);
    case 'license.held':
      return event.hold === undefined ? holds : new Set(holds).add(event.hold);
    case 'license.released':
      return new Set([...holds].filter((one) => one !== event.hold));
    case 'license.reinstated':
      return NO_HOLDS;
    default:
      return holds;
  }
};

/** Most licenses have none: they share one set. */
export const NO_HOLDS: ReadonlySet<never> = new Set<never>();
