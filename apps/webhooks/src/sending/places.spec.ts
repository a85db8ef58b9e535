import { jest } from '@jest/globals';
import { Lane } from './lane.ts';
import { Places } from './places.ts';

const laneOf = (product: string): Lane => Object.assign(new Lane(10), { product });

describe('places of a sender', () => {
  it('are given to products in turn, and to the lanes of each', () => {
    const places = new Places(10);
    const [a1, a2, a3, b1] = ['a', 'a', 'a', 'b'].map(laneOf) as [Lane, Lane, Lane, Lane];
    for (const lane of [a1, a2, a3, b1]) places.wait(lane);
    expect(places.turn()).toBe(a1);
    places.wait(a1);
    expect([places.turn(), places.turn(), places.turn(), places.turn(), places.turn()]).toEqual([
      b1,
      a2,
      a3,
      a1,
      undefined,
    ]);
  });

  it('are all taken at some time, and free again when one is given back', () => {
    const places = new Places(2);
    for (const id of ['x', 'y']) places.take(id);
    expect(places.free).toBe(false);
    places.sweep(1);
    expect(places.free).toBe(false);
    places.give('x');
    expect(places.free).toBe(true);
  });

  describe('when somebody has waited for an answer for long', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    /** How many of ten places are free after a sweep. */
    const freeAfter = (idle: number): number => {
      const places = new Places(10);
      for (let n = 0; n < 10; n++) places.take(`slow ${n}`);
      jest.advanceTimersByTime(1_001);
      places.sweep(idle);
      let free = 0;
      for (; places.free; free++) places.take(`quick ${free}`);
      return free;
    };

    it('are taken back by a process that has nothing else to do', () => expect(freeAfter(1)).toBe(10));
    it('are taken back as far as the process has time', () => expect(freeAfter(0.3)).toBe(3));
    it('stay taken where the process has no time for more', () => expect(freeAfter(0)).toBe(0));
  });
});
