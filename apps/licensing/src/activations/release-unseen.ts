import { Inject, Injectable } from '@nestjs/common';
import { BackgroundWork, type Due, type DueQuery, type Turn } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { Licenses } from '../licenses/licenses.ts';
import { ValidationLog } from '../verification/validation-log.ts';

const UNSEEN = `plans p join licenses l on l.plan_id = p.id join activations a on a.license_id = l.id
  left join activation_uses u on u.license_id = a.license_id and u.identifier_hash = a.identifier_hash
  where p.activation_ttl_days is not null and l.status <> 'revoked'
    and greatest(a.added_at, u.last_verified) < $1::timestamptz - make_interval(days => p.activation_ttl_days)`;

/** Releases activations that were not verified for longer than their plan allows. */
@Injectable()
export class ReleaseUnseen extends BackgroundWork {
  readonly name = 'release-unseen';
  /** Runs only once a minute: the limit is in days, and the query costs more than those of other jobs. */
  override readonly everyMs = 60_000;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly licenses: Licenses,
    private readonly log: ValidationLog,
  ) {
    super();
  }

  /** Licenses that have such activations. */
  async due({ now, except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'unseen_activations',
      text: `select distinct a.license_id as id from ${UNSEEN} and l.id <> all($2) limit $3`,
      values: [now, except, limit],
    });
    return rows;
  }

  async attend(license_id: string, { now }: Turn): Promise<void> {
    await this.log.flush();
    const { rows } = await this.database.pool.query<{ identifier_hash: string }>({
      name: 'unseen_activations_of_license',
      text: `select a.identifier_hash from ${UNSEEN} and l.id = $2`,
      values: [now, license_id],
    });
    const identifier_hashes = rows.map(({ identifier_hash }) => identifier_hash);
    await this.licenses.handle(
      license_id,
      () => ({ type: 'ReleaseUnseen', identifier_hashes, now: now.toISOString() }),
      { metadata: { actor: { type: 'system', id: 'scheduler' }, correlation_id: license_id } },
    );
  }
}
