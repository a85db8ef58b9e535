import { Setting } from '#platform/config/setting';
import { WholeNumber } from '#platform/config/kinds';

export class IdentificationSettings {
  /** Maximum number of calls per second with one license key, per process. */
  @Setting('KEYLEDGER_RATE_LIMIT_PER_LICENSE')
  @WholeNumber(1, 1_000_000)
  readonly rate_limit_per_license: number = 1_000;
}
