import Stripe from 'stripe';
import { Answers } from '../stripe-mock/answers.ts';
import { type StripeMock, startStripeMock, stripeMockUnavailable } from '../stripe-mock/binary.ts';
import { Contract } from '../stripe-mock/contract.ts';
import { type FakeOptions, FakeStripe, StandingClock } from './fake.ts';

export interface CheckedFake {
  readonly fake: FakeStripe;
  readonly stripe: Stripe;
}

/**
 * Gives a suite fakes whose requests are checked against stripe-mock and whose answers are validated by Stripe's document, after
 * each test; and which must not have been asked for anything that they do not play.
 *
 * @param lives how long a fake lives: it is checked and stopped after the test that has started it, or after the suite
 */
export const checkedFakes = (lives: 'test' | 'suite' = 'test'): ((options?: FakeOptions) => Promise<CheckedFake>) => {
  const unavailable = stripeMockUnavailable();
  let mock: StripeMock | undefined;
  let contract: Contract | undefined;
  let answers: Answers | undefined;
  let started: FakeStripe[] = [];

  beforeAll(async () => {
    if (unavailable !== undefined) return;
    mock = await startStripeMock();
    contract = new Contract(mock.url);
    answers = new Answers();
  });

  const finish = async (): Promise<void> => {
    const fakes = started;
    started = [];
    for (const fake of fakes) {
      await fake.stop();
      expect(fake.complaints).toEqual([]);
      await contract?.checkAll(fake.requests);
      for (const { answer } of fake.requests) answers?.check(answer);
      for (const event of fake.world.events.all()) answers?.check(event.data.object);
    }
  };

  if (lives === 'test') afterEach(finish);
  afterAll(async () => {
    await finish().finally(() => mock?.stop());
  });

  if (unavailable !== undefined) it.skip(`is checked against stripe-mock (${unavailable})`, () => undefined);

  return async (options = {}) => {
    const fake = await FakeStripe.start({ clock: new StandingClock('2027-01-31T10:00:00Z'), ...options });
    started.push(fake);
    return { fake, stripe: clientOf(fake) };
  };
};

/** The official client on a fake; it retries nothing unless a test asks for it. */
export const clientOf = (fake: FakeStripe, options: Stripe.StripeConfig = {}): Stripe =>
  new Stripe(fake.key, { ...fake.address, maxNetworkRetries: 0, telemetry: false, ...options });
