import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import { invoiceOfSubscription } from '#domain/billing/subscription/invoice-of';
import { intervalOf, isSameInterval } from '#domain/billing/subscription/offer';
import { decideSubscription } from '#domain/billing/subscription/subscription.commands';
import { refuseSubscription } from '#domain/billing/subscription/subscription.errors';
import type { ChangeItem } from '#domain/billing/subscription/subscription.changes';
import { type Charge, chargesOf } from '#domain/billing/subscription/subscription.events';
import type { Subscription } from '#domain/billing/subscription/subscription';
import type { Time } from '#domain/shared/time';
import type { MasterKey } from '#platform/crypto/keys';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { MASTER_KEY } from '#platform/service';
import { Invoices } from '../invoices/invoices.ts';
import { UsageCharges } from '../usage/usage-charges.ts';
import { BillingTerms } from './billing-terms.ts';
import { ChargeInvoices } from './charge-invoices.ts';
import { Offers } from './offers.ts';
import type { Preview, previewChange } from './subscription.endpoints.ts';

type Asked = Static<(typeof previewChange)['body']>;

/** How long a preview may be charged, in milliseconds. */
const VALID_MS = 15 * 60_000;

/** A preview as its id contains it. */
interface Previewed {
  readonly subscription_id: string;
  readonly version: number;
  readonly price_id: string;
  readonly quantity: number;
  readonly when: Asked['when'];
  /** The moment that prorations are counted from. */
  readonly at: Time;
}

/** What a change of a subscription charges, and commands that charge exactly that. */
@Injectable()
export class Previews {
  constructor(
    private readonly offers: Offers,
    private readonly terms: BillingTerms,
    private readonly charges: ChargeInvoices,
    private readonly invoices: Invoices,
    private readonly usage: UsageCharges,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
  ) {}

  /**
   * The command of a change, whose invoice can be issued.
   * @throws Refusal PREVIEW_EXPIRED, PREVIEW_STALE for a preview that does not fit any more; TAX_RATE_MISSING
   */
  async command(
    id: string,
    state: Subscription,
    version: number,
    asked: Asked & { readonly preview_id?: string },
  ): Promise<ChangeItem> {
    const command = await this.#command(id, state, version, asked);
    const [event] = decideSubscription(command, state);
    if (event?.type === 'subscription.plan_changed' && event.charge !== null)
      await this.invoices.preview(this.charges.request(id, state, event.charge));
    return command;
  }

  async #command(
    id: string,
    state: Subscription,
    version: number,
    asked: Asked & { readonly preview_id?: string },
  ): Promise<ChangeItem> {
    const { price_id = state.price_id, quantity = state.quantity, when, preview_id } = asked;
    if (price_id === null || state.price_id === null)
      return refuseSubscription('INVALID_TRANSITION', { provider: state.provider });
    const wanted = { subscription_id: id, version, price_id, quantity, when };
    const now = preview_id === undefined ? this.clock.now().toISOString() : this.#previewedAt(preview_id, wanted);
    return {
      type: 'ChangeItem',
      now,
      when,
      from: await this.offers.find(state.price_id),
      to: await this.offers.find(price_id),
      quantity,
      in_use: await this.offers.inUse(state.license_id),
      invoice_id: invoiceOfSubscription(id, `change/${version}`, now),
      due_days: await this.terms.dueDays(state.provider, state.customer_id),
    };
  }

  /** What the change would charge. */
  async preview(id: string, state: Subscription, version: number, asked: Asked): Promise<Static<typeof Preview>> {
    const command = await this.#command(id, state, version, asked);
    const { now, when, quantity, to } = command;
    const [event] = decideSubscription(command, state);
    const preview_id = this.masterKey.seal(
      'preview',
      JSON.stringify({
        subscription_id: id,
        version,
        price_id: to.price_id,
        quantity,
        when,
        at: now,
      } satisfies Previewed),
    );
    const charge = event?.type === 'subscription.plan_changed' ? event.charge : null;
    const shown = when === 'now' ? charge : await this.#nextCharge(id, state, command);
    const effective_at = when === 'now' ? now : (state.period?.end ?? now);
    return { preview_id, effective_at, ...(await this.#totals(id, state, shown, to.price.currency)) };
  }

  async #totals(
    id: string,
    state: Subscription,
    charge: Charge | null,
    currency: string,
  ): Promise<Omit<Static<typeof Preview>, 'preview_id' | 'effective_at'>> {
    if (charge === null)
      return { currency, lines: [], subtotal: 0, discounts: [], taxes: [], total: 0, amount_due: 0, credit: 0 };
    const totals = await this.invoices.preview(this.charges.request(id, state, charge));
    const { subtotal, discounts, taxes, total, amount_due, credit } = totals;
    const lines = totals.lines.map(({ description, kind, quantity, amount, period }) => ({
      description,
      kind,
      quantity,
      amount,
      period_start: period?.start ?? null,
      period_end: period?.end ?? null,
      proration: kind === 'proration',
    }));
    return { currency, lines, subtotal, discounts: [...discounts], taxes: [...taxes], total, amount_due, credit };
  }

  /** What the first period after a scheduled change would charge, with the usage of the present one as it is known now. */
  async #nextCharge(
    id: string,
    state: Subscription,
    { to, quantity, invoice_id, due_days }: ChangeItem,
  ): Promise<Charge | null> {
    const at = state.period?.end;
    if (at === undefined) return null;
    const item = { plan_id: to.plan.plan_id, price_id: to.price_id, quantity };
    // As the change itself does: another interval begins a new anchor.
    const billing_anchor = isSameInterval(intervalOf(to.price), state.interval) ? state.billing_anchor : at;
    const moved = { ...item, billing_anchor, pending_change: null, cancel_at_period_end: false, notified_for: at };
    const changed = { ...state, ...moved };
    const renewed = decideSubscription(
      {
        type: 'LetTimePass',
        now: at,
        offer: to,
        next: null,
        usage: await this.usage.lines(id, changed, to, at),
        usage_open_until: null,
        invoice_id,
        due_days,
        dunning: this.terms.dunning,
      },
      changed,
    );
    return chargesOf(renewed)[0] ?? null;
  }

  #previewedAt(preview_id: string, wanted: Omit<Previewed, 'at'>): Time {
    const previewed = this.#open(preview_id);
    const now = this.clock.now().getTime();
    if (now - Date.parse(previewed.at) > VALID_MS) return refuseSubscription('PREVIEW_EXPIRED');
    const { at, ...rest } = previewed;
    const isSame = Object.entries(wanted).every(([field, value]) => rest[field as keyof typeof rest] === value);
    return isSame ? at : refuseSubscription('PREVIEW_STALE');
  }

  #open(preview_id: string): Previewed {
    try {
      return JSON.parse(Buffer.from(this.masterKey.open('preview', preview_id)).toString()) as Previewed;
    } catch {
      return refuseSubscription('PREVIEW_STALE');
    }
  }
}
