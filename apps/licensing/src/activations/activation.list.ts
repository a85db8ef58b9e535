import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import { type LicenseEvent, licenseStream, type LicenseState } from '#domain/licensing/license/license';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { DATABASE, EVENT_STORE } from '#platform/service';
import type { ActivationUseRow } from '../verification/validation.table.ts';
import type { ActivationOfLicense, searchActivations } from './activation.endpoints.ts';

type Filters = Static<(typeof searchActivations)['query']>;

/** Maximum number of licenses whose activations are read together, and maximum number of their events. */
const LICENSES = 200;
const EVENTS = 2_000;

/** Lists activations. They come from the streams of their licenses; a table has the time of the last verification. */
@Injectable()
export class ActivationList {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Activations of one license, oldest first. */
  ofLicense(id: string, state: LicenseState): Promise<ActivationOfLicense[]> {
    return this.#view(new Map([[id, state]]));
  }

  /** @param boundTo the one product that the caller may see; null = all */
  async page(
    filters: Filters,
    boundTo: string | null,
  ): Promise<{ data: ActivationOfLicense[]; next_cursor: string | null }> {
    const { limit = DEFAULT_LIMIT, cursor } = filters;
    const [license = '', told = ''] = decodeCursor(cursor, ['string', 'string']).map(String);
    const rows: ActivationOfLicense[] = [];
    for await (const row of this.#from(license, filters, boundTo)) {
      if (row.license_id === license && row.id <= told) continue;
      rows.push(row);
      if (rows.length > limit) break;
    }
    return pageOf(
      rows,
      limit,
      ({ license_id, id }) => [license_id, id],
      (row) => row,
    );
  }

  /** Yields all activations one by one. */
  all(filters: Filters, boundTo: string | null): AsyncIterable<ActivationOfLicense> {
    return this.#from('', filters, boundTo);
  }

  /**
   * Reads the activations of licenses, newest license first, beginning with this one; the activations of each are oldest first.
   */
  async *#from(license: string, { product_id }: Filters, boundTo: string | null): AsyncIterable<ActivationOfLicense> {
    for (let from = license; ;) {
      const { rows } = await this.database.pool.query<{ id: string }>({
        name: 'licenses_with_activations',
        text: `select id from licenses
          where activations > 0 and ($1 = '' or id <= $1) and product_id = coalesce($2, product_id)
            and product_id = coalesce($3, product_id)
          order by id desc limit $4`,
        values: [from, product_id, boundTo, LICENSES + 1],
      });
      const ids = rows.slice(0, LICENSES).map(({ id }) => id);
      yield* await this.#view(await this.#states(ids));
      const next = rows[LICENSES];
      if (next === undefined) return;
      from = next.id;
    }
  }

  /** Folds the states without the store's cache, which is for licenses in use. */
  async #states(ids: readonly string[]): Promise<Map<string, LicenseState>> {
    const states = new Map<string, LicenseState>(ids.map((id) => [id, licenseStream.initialState]));
    for (let after = 0; ids.length > 0;) {
      const events = await this.store.readStreams(ids, { after, limit: EVENTS });
      for (const { stream_id, event } of events)
        states.set(
          stream_id,
          licenseStream.evolve(states.get(stream_id) ?? licenseStream.initialState, event as LicenseEvent),
        );
      if (events.length < EVENTS) break;
      after = events.at(-1)?.position ?? after;
    }
    return states;
  }

  async #view(states: ReadonlyMap<string, LicenseState>): Promise<ActivationOfLicense[]> {
    const { rows } = await this.database.pool.query<ActivationUseRow>({
      name: 'activation_uses',
      text: 'select license_id, identifier_hash, last_verified from activation_uses where license_id = any($1)',
      values: [[...states.keys()]],
    });
    const uses = new Map(rows.map((use) => [`${use.license_id} ${use.identifier_hash}`, use.last_verified]));
    return [...states].flatMap(([license_id, state]) => {
      if (state.status === 'none') return [];
      const own = [...state.activations].map(([identifier_hash, { activation_id, added_at, ...activation }]) => ({
        id: activation_id,
        license_id,
        product_id: state.product_id,
        identifier_hash,
        ...activation,
        activated_at: added_at,
        last_verified: uses.get(`${license_id} ${identifier_hash}`)?.toISOString() ?? null,
      }));
      return own.sort((a, b) => (a.id < b.id ? -1 : 1));
    });
  }
}
