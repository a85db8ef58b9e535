import { Inject, Injectable } from '@nestjs/common';
import type { ChangeItem } from '#domain/billing/subscription/subscription.changes';
import { itemAmount } from '#domain/billing/subscription/subscription.charges';
import { decideSubscription } from '#domain/billing/subscription/subscription.commands';
import { type Subscription, subscriptionStream } from '#domain/billing/subscription/subscription';
import { Refusal } from '#domain/shared/refusal';
import { type EventStore, HandledBeforeError, type Remembered, StaleVersionError } from '#events/store';
import { tryAgain } from '#events/try-again';
import { realTime } from '#platform/clock/clock';
import { EVENT_STORE } from '#platform/service';
import { Previews } from '../subscriptions/previews.ts';
import { Subscriptions } from '../subscriptions/subscriptions.ts';
import type { MoveOutcome, PriceMigrationRow } from './price-migration.table.ts';
import { reasonNotToMove } from './reason-not-to-move.ts';

/** What became of a subscription, or would become of it. */
export interface PriceMoved {
  readonly subscription_id: string;
  readonly outcome: MoveOutcome;
  readonly code: string | null;
  readonly from_amount: number | null;
  readonly to_amount: number | null;
  readonly effective_at: string | null;
}

/** How long it is remembered that a migration has moved a subscription: longer than a migration lasts. */
const REMEMBERED_MS = 30 * 86_400_000;
const TRIES = 10;

/** Moves one subscription to another price. */
@Injectable()
export class PriceMove {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly previews: Previews,
    private readonly subscriptions: Subscriptions,
  ) {}

  /**
   * Moves the subscription by the command that change-plan uses. Called again after a crash, it answers the same and moves nothing.
   * A refusal of the command is an outcome.
   * @throws any other error; then it can be called again
   */
  run(job: PriceMigrationRow, id: string): Promise<PriceMoved> {
    const isStale = (error: unknown): boolean => error instanceof StaleVersionError;
    return tryAgain(() => this.#run(job, id), { when: isStale, atMost: TRIES });
  }

  async #run(job: PriceMigrationRow, id: string): Promise<PriceMoved> {
    const before = await this.store.recall(commandOf(job, id));
    if (before !== undefined) return movedBefore(before);
    const { state, version } = await this.store.load(subscriptionStream, id);
    if (state.status === 'none') return notMoved(id, 'failed', 'SUBSCRIPTION_NOT_FOUND');
    const reason = reasonNotToMove(state, job);
    if (reason !== undefined) return notMoved(id, ...reason);
    try {
      const wanted = { price_id: job.to_price_id, quantity: state.quantity, when: job.at };
      const command = await this.previews.command(id, state, version, wanted);
      if (!job.dry_run) return await this.#change(job, command, { id, state, version });
      decideSubscription(command, state);
      return movedBy(command, id, state);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // It has been moved, and only its invoice was refused: the schedule of subscriptions issues that again.
      const moved = await this.store.recall(commandOf(job, id));
      return moved === undefined ? notMoved(id, 'failed', String(error.code)) : movedBefore(moved);
    }
  }

  async #change(
    job: PriceMigrationRow,
    command: ChangeItem,
    { id, state, version }: { readonly id: string; readonly state: Subscription; readonly version: number },
  ): Promise<PriceMoved> {
    const moved = movedBy(command, id, state);
    try {
      await this.subscriptions.handle(id, () => command, {
        metadata: { actor: job.actor, correlation_id: job.id, causation_id: job.id },
        expectedVersion: version,
        commandId: commandOf(job, id),
        remember: () => remembered(moved),
      });
      return moved;
    } catch (error) {
      if (error instanceof HandledBeforeError) return movedBefore(error);
      throw error;
    }
  }
}

const commandOf = (job: PriceMigrationRow, id: string): string => `${job.id}/${id}`;

const movedBy = (
  { from, to, when, quantity, now }: ChangeItem,
  subscription_id: string,
  state: Subscription,
): PriceMoved => ({
  subscription_id,
  outcome: 'moved',
  code: null,
  from_amount: itemAmount(from, state.quantity, null, now),
  to_amount: itemAmount(to, quantity, null, now),
  effective_at: when === 'now' ? now : (state.period?.end ?? now),
});

const notMoved = (subscription_id: string, outcome: 'skipped' | 'failed', code: string): PriceMoved => ({
  subscription_id,
  outcome,
  code,
  from_amount: null,
  to_amount: null,
  effective_at: null,
});

const remembered = (moved: PriceMoved): Remembered => ({
  fingerprint: 'moved',
  result: Buffer.from(JSON.stringify(moved)),
  expires_at: new Date(realTime() + REMEMBERED_MS).toISOString(),
});

const movedBefore = ({ result }: Pick<Remembered, 'result'>): PriceMoved =>
  JSON.parse(Buffer.from(result).toString()) as PriceMoved;
