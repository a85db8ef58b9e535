import { Matches, ValidateBy } from 'class-validator';
import { MailAddress } from '../config/kinds.ts';
import { Setting } from '../config/setting.ts';

const isAddress = (value: unknown): boolean =>
  typeof value === 'string' && URL.canParse(value) && new URL(value).hostname !== '';

const SMTP = 'give an address such as smtps://user:password@mail.example.com:465, or leave it out: mails become files';

export class MailSettings {
  /** Undefined = mails are written to files in the data folder. */
  @Setting('KEYLEDGER_SMTP_URL', { secret: true })
  @Matches(/^smtps?:\/\//, { message: SMTP })
  @ValidateBy({ name: 'address', validator: { validate: isAddress } }, { message: SMTP })
  readonly smtp_url?: string;

  /** The sender address of mails. */
  @Setting('KEYLEDGER_MAIL_FROM')
  @MailAddress()
  readonly mail_from: string = 'keyledger@localhost';
}
