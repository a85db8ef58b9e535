import { Setting } from '#platform/config/setting';
import { WholeNumber } from '#platform/config/kinds';

export class AuthenticationSettings {
  /** The first system-wide admin key; undefined = one is generated. */
  @Setting('KEYLEDGER_BOOTSTRAP_API_KEY', { secret: true })
  readonly bootstrap_api_key?: string;

  /** The maximum number of calls per second with one API key in one process. */
  @Setting('KEYLEDGER_RATE_LIMIT_PER_API_KEY')
  @WholeNumber(1, 1_000_000)
  readonly rate_limit_per_api_key: number = 2_000;
}
