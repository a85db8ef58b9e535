import { Inject, Injectable } from '@nestjs/common';
import { refuse } from '#domain/license/license.errors';
import { licenseStream } from '#domain/license/license';
import type { OnLicense } from '#domain/license/on-license';
import { planStream, refusePlan } from '#domain/plan/plan';
import type { DomainEvent, EventStore, HandleOptions, Outcome, Read, StreamType } from '#events';
import { EVENT_STORE } from '#platform';
import { Licenses } from './licenses.ts';

/** Commands on what is counted apart from a licence, in a stream of its own: its seats, its floating sessions. */
@Injectable()
export class BesideLicense {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly licenses: Licenses,
  ) {}

  /**
   * Decides against licence and plan as they are when it is committed: nothing is taken on a licence that another instance
   * suspended, revoked or moved to another plan a moment before. What else it reckons with stands in `options.reads`.
   * @throws Refusal LICENSE_NOT_FOUND, and what `decide` refuses
   */
  async handle<State, Event extends DomainEvent>(
    license_id: string,
    stream: StreamType<State, Event>,
    streamId: string,
    decide: (on: OnLicense, state: State, read: Read) => readonly Event[],
    options: HandleOptions<State, Event>,
  ): Promise<Outcome<State, Event>> {
    const now = new Date().toISOString();
    for (;;) {
      const { state } = await this.store.load(licenseStream, license_id);
      if (state.status === 'none') return refuse('LICENSE_NOT_FOUND');
      const { plan_id, product_id } = state;
      // What a product is never changes.
      const { type: product_type } = await this.licenses.product(product_id);
      try {
        return await this.store.handle(
          stream,
          streamId,
          (present, _version, read) => {
            const { state: license } = read(licenseStream, license_id);
            if (license.status === 'none') return refuse('LICENSE_NOT_FOUND');
            if (license.plan_id !== plan_id) throw new PlanHasChanged();
            const { state: terms } = read(planStream, plan_id);
            if (terms.status === 'none') return refusePlan('PLAN_NOT_FOUND');
            return decide({ license_id, license, plan: { plan_id, ...terms }, product_type, now }, present, read);
          },
          {
            ...options,
            reads: [
              { type: licenseStream, id: license_id },
              { type: planStream, id: plan_id },
              ...(options.reads ?? []),
            ],
          },
        );
      } catch (error) {
        if (!(error instanceof PlanHasChanged)) throw error;
      }
    }
  }
}

/** The licence went over to another plan between the look and the decision. */
class PlanHasChanged extends Error {}
