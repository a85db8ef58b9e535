import { Setting } from '#platform/config/setting';
import { WebAddress } from '#platform/config/kinds';

export class SeatSettings {
  /** The page that accepts invitations; the token follows the `#`. Undefined = mails contain only the token. */
  @Setting('KEYLEDGER_INVITE_URL')
  @WebAddress()
  readonly invite_url?: string;
}
