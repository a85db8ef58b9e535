import { Setting } from '#platform/config/setting';
import { WebAddress } from '#platform/config/kinds';

export class SeatSettings {
  /** The page that takes invitations; the token follows the `#`. Undefined = mails hold the token alone. */
  @Setting('KEYLEDGER_INVITE_URL')
  @WebAddress()
  readonly invite_url?: string;
}
