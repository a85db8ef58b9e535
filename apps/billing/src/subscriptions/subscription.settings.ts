import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsInt, Max, Min } from 'class-validator';
import { OneOf, WholeNumber } from '#platform/config/kinds';
import { Setting } from '#platform/config/setting';

const DAYS = 'give days between commas, such as 1,3,7,14';

const daysOf = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' ? value.split(',').map((day) => (/^\s*\d+\s*$/.test(day) ? Number(day) : NaN)) : value;

export class SubscriptionSettings {
  /** Days after a subscription became past due on which its customer is reminded. */
  @Setting('KEYLEDGER_DUNNING_DAYS')
  @Transform(daysOf)
  @ArrayMaxSize(20, { message: DAYS })
  @IsInt({ each: true, message: DAYS })
  @Min(0, { each: true, message: DAYS })
  @Max(365, { each: true, message: DAYS })
  readonly dunning_days: readonly number[] = [1, 3, 7, 14];

  /** Days after which a subscription that is past due is canceled. */
  @Setting('KEYLEDGER_UNPAID_DAYS')
  @WholeNumber(1, 365)
  readonly unpaid_days: number = 30;

  /** Days until an invoice that is paid by bank transfer is due; customers may have terms of their own. */
  @Setting('KEYLEDGER_INVOICE_DUE_DAYS')
  @WholeNumber(0, 365)
  readonly invoice_due_days: number = 14;

  /** How a subscription is paid that names no provider. */
  @Setting('KEYLEDGER_DEFAULT_PROVIDER')
  @OneOf('stripe', 'hyperswitch', 'btcpay', 'bank_transfer')
  readonly default_provider: 'stripe' | 'hyperswitch' | 'btcpay' | 'bank_transfer' = 'bank_transfer';
}
