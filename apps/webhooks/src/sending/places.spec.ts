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
    places.sweep();
    expect(places.free).toBe(false);
    places.give('x');
    expect(places.free).toBe(true);
  });

  it('are taken back from who only waits for an answer', () => {
    jest.useFakeTimers();
    try {
      const places = new Places(1);
      places.take('slow');
      jest.advanceTimersByTime(1_001);
      places.sweep();
      expect(places.free).toBe(true);
    } finally {
      jest.useRealTimers();
    }
  });
});
