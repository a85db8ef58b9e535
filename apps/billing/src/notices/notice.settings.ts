import { IsIn } from 'class-validator';
import { CommaList, OneOf } from '#platform/config/kinds';
import { Setting } from '#platform/config/setting';
import { billingMails } from './mails/mails.ts';

const NAMES = billingMails.map(({ name }) => name);

export class NoticeSettings {
  /** Whether billing writes mails to customers. */
  @Setting('KEYLEDGER_BILLING_MAILS')
  @OneOf('on', 'off')
  readonly billing_mails: 'on' | 'off' = 'on';

  /** Names of mails that are not written. */
  @Setting('KEYLEDGER_BILLING_MAILS_WITHOUT')
  @CommaList()
  @IsIn(NAMES, { each: true, message: `give names between commas, each one of ${NAMES.join(', ')}` })
  readonly billing_mails_without: readonly string[] = [];
}
