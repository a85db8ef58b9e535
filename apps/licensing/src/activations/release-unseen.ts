import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { Licenses } from '../licenses/licenses.ts';
import { type DueQuery, WhenDue } from '../scheduling/when-due.ts';
import { ValidationLog } from '../verification/validation-log.ts';

/** Days are what counts; looking costs more than elsewhere. In milliseconds. */
const EVERY_MS = 60_000;

const UNSEEN = `plans p join licenses l on l.plan_id = p.id join activations a on a.license_id = l.id
  left join activation_uses u on u.license_id = a.license_id and u.identifier_hash = a.identifier_hash
  where p.activation_ttl_days is not null and l.status <> 'revoked'
    and greatest(a.added_at, u.last_verified) < $1::timestamptz - make_interval(days => p.activation_ttl_days)`;

/** Releases activations that were not verified for as long as their plan lets them keep their places. */
@Injectable()
export class ReleaseUnseen extends WhenDue {
  constructor(
    @Inject(DATABASE) database: ServiceDatabase,
    @Inject(LOGGER) logger: Logger,
    @Inject(CLOCK) clock: Clock,
    private readonly licenses: Licenses,
    private readonly log: ValidationLog,
  ) {
    super('release-unseen', database, logger, clock, EVERY_MS);
  }

  /** Licences that have such activations. */
  protected due(query: DueQuery): Promise<readonly string[]> {
    return this.ids(
      query,
      'unseen_activations',
      `select distinct a.license_id as id from ${UNSEEN} and l.id <> all($2) limit $3`,
    );
  }

  protected async attend(license_id: string, now: Date): Promise<void> {
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
