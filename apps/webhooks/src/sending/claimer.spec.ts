import { setImmediate as nextTurn } from 'node:timers/promises';
import { claimedDelivery, sendingTarget } from '../../../../test/support/sending.ts';
import type { Claimed } from './claimed.ts';
import { Claimer } from './claimer.ts';
import { Lanes } from './lanes.ts';
import { Leases } from './leases.ts';

describe('a claimer', () => {
  /** Rounds of claims: how many deliveries each lane could take. */
  let asked: ReadonlyMap<string, number>[];
  let due: Claimed[];
  let ready: number;
  let lanes: Lanes;
  let leases: Leases;
  let claimer: Claimer;
  beforeEach(() => {
    asked = [];
    due = [];
    ready = 0;
    lanes = new Lanes(10);
    leases = new Leases(15_000);
    claimer = new Claimer({
      claims: {
        take: (free) => {
          asked.push(free);
          return Promise.resolve({ claimed: due.splice(0), held: new Map() });
        },
        lanesWithDue: () => Promise.resolve(['whk_1']),
      },
      targets: { of: () => Promise.resolve(new Map([['whk_1', sendingTarget()]])) },
      lanes,
      leases,
      claimed_at_once: 4,
      ready: () => ready,
      onClaimed: () => undefined,
      onError: (error) => {
        throw error;
      },
    });
    claimer.start();
  });
  afterEach(() => claimer.stop());

  const settle = async (): Promise<void> => {
    for (let turns = 0; turns < 3; turns++) await nextTurn();
  };

  it('claims for a lane when it is told that something is due, within the budget, and holds what it got', async () => {
    await settle();
    expect(asked).toEqual([]);
    due = [claimedDelivery(1), claimedDelivery(2)];
    claimer.due(['whk_1']);
    await settle();
    expect(asked).toEqual([new Map([['whk_1', 4]])]);
    expect(leases.has('dlv_1')).toBe(true);
    expect(lanes.of('whk_1').next()?.id).toBe('dlv_1');
  });

  it('finds due deliveries of which no notification came', async () => {
    await claimer.look();
    await settle();
    expect(asked).toHaveLength(1);
  });

  it('claims nothing while too much is ready, and goes on when half of it has gone out', async () => {
    ready = 5;
    claimer.due(['whk_1']);
    await settle();
    ready = 3;
    claimer.sent();
    await settle();
    expect(asked).toEqual([]);
    ready = 2;
    claimer.sent();
    await settle();
    expect(asked).toHaveLength(1);
  });
});
