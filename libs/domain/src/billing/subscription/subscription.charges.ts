import type { Time } from '../../shared/time.ts';
import type { Period, WantedLine } from '../invoice/invoice.lines.ts';
import { discountedAmount } from '../pricing/discounts.ts';
import { periodAmount, recurringLine, setupLine, type SoldPrice } from '../pricing/lines.ts';
import { type Change, changeLines } from '../pricing/proration.ts';
import type { Offer } from './offer.ts';
import { type Discount, discountsAt } from './subscription.discount.ts';
import type { Subscription } from './subscription.ts';

const soldPrice = ({ price_id, price }: Offer): SoldPrice => ({ ...price, id: price_id });

/** The line for a period that is paid in advance; none for a free or metered price. @param period null = it is not known yet */
export const itemLines = (offer: Offer, quantity: number, period: Period | null): readonly WantedLine[] => {
  const line = recurringLine(soldPrice(offer), quantity, period ?? NO_PERIOD, offer.plan.name);
  return line === null || line.amount === 0 ? [] : [{ ...line, period }];
};

const NO_PERIOD: Period = { start: '', end: '' };

export const setupLines = (offer: Offer): readonly WantedLine[] => {
  const line = setupLine(soldPrice(offer), `${offer.plan.name}: setup`);
  return line === null ? [] : [line];
};

/** What a full period costs after the discount that applies at `at`: in minor units, as the price's tax behavior says. */
export const itemAmount = ({ price }: Offer, quantity: number, discount: Discount | null, at: Time): number =>
  discountedAmount(periodAmount(price, quantity), price.currency, discountsAt(discount, at), price.plan_id);

/** A change of the item at a moment. */
interface ItemChange {
  readonly now: Time;
  readonly from: Offer;
  readonly to: Offer;
  readonly quantity: number;
}

/** Lines of a change at once: a credit for what was charged and is not used, and the charge for the rest of `period`. */
export const changeCharge = ({ from, to, quantity, now }: ItemChange, state: Subscription, period: Period): Change =>
  changeLines({
    at: now,
    from: {
      price: soldPrice(from),
      quantity: state.quantity,
      name: from.plan.name,
      basis: state.basis ?? { amount: 0, from: now, until: period.end },
    },
    to: {
      price: soldPrice(to),
      quantity,
      name: to.plan.name,
      amount: itemAmount(to, quantity, state.discount, now),
    },
    period,
    former: state.former,
  });
