import { Inject, Injectable } from '@nestjs/common';
import { refuse } from '#domain/licensing/license/license.errors';
import { type License, licenseStream } from '#domain/licensing/license/license';
import type { OnLicense } from '#domain/licensing/license/on-license';
import { planStream, refusePlan } from '#domain/licensing/plan/plan';
import type { DomainEvent, StreamType } from '#events/decider';
import type { EventStore, HandleOptions, Outcome, Read, StreamRef } from '#events/store';
import { tryAgain } from '#events/try-again';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { EVENT_STORE } from '#platform/service';
import { Licenses } from './licenses.ts';

/** Commands on parts of a license that have their own stream: its seats, floating sessions and usage. */
@Injectable()
export class BesideLicense {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly licenses: Licenses,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Decides with the license and the plan as they are at commit: nothing is granted on a license that another instance has just
   * suspended, revoked or moved to another plan.
   * @param reads further streams that the decision depends on; the license names them
   * @throws Refusal LICENSE_NOT_FOUND, and the refusals of `decide`
   */
  async handle<State, Event extends DomainEvent>(
    license_id: string,
    stream: StreamType<State, Event>,
    streamId: string,
    decide: (on: OnLicense, state: State, read: Read) => readonly Event[],
    options: Omit<HandleOptions<State, Event>, 'reads'>,
    reads: (license: License) => readonly StreamRef[] = nothingElse,
  ): Promise<Outcome<State, Event>> {
    const now = this.clock.now().toISOString();
    const judgedBy = (license: License): readonly StreamRef[] => [
      { type: planStream, id: license.plan_id },
      ...reads(license),
    ];
    const attempt = async (): Promise<Outcome<State, Event>> => {
      const { state: seen } = await this.store.load(licenseStream, license_id);
      if (seen.status === 'none') return refuse('LICENSE_NOT_FOUND');
      // The type of a product never changes.
      const { type: product_type } = await this.licenses.product(seen.product_id);
      const others = judgedBy(seen);
      return this.store.handle(
        stream,
        streamId,
        (present, _version, read) => {
          const { state: license } = read(licenseStream, license_id);
          if (license.status === 'none') return refuse('LICENSE_NOT_FOUND');
          const isKnown = license === seen || judgedBy(license).every(({ id }) => others.some((one) => one.id === id));
          if (!isKnown) throw new JudgedByOthers();
          const { state: terms } = read(planStream, license.plan_id);
          if (terms.status === 'none') return refusePlan('PLAN_NOT_FOUND');
          const plan = { plan_id: license.plan_id, ...terms };
          return decide({ license_id, license, plan, product_type, now }, present, read);
        },
        { ...options, reads: [{ type: licenseStream, id: license_id }, ...others] },
      );
    };
    return tryAgain(attempt, { when: (error) => error instanceof JudgedByOthers });
  }
}

const nothingElse = (): readonly StreamRef[] => [];

/** The license changed plans or got an add-on between the read and the decision. */
class JudgedByOthers extends Error {}
