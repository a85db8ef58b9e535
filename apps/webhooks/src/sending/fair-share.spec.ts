import { fairShare } from './fair-share.ts';

const lanes = (group: string, count: number, room = 40) =>
  Array.from({ length: count }, (_, n) => ({ id: `${group}-${n}`, group, room }));

describe('the share of each lane in a claim', () => {
  it('is all of its room while the budget suffices', () => {
    const shares = fairShare([...lanes('a', 3), ...lanes('b', 1)], 1_000, 0);
    expect([...shares.values()]).toEqual([40, 40, 40, 40]);
  });

  it('goes to products in turn, however many endpoints each has', () => {
    const shares = fairShare([...lanes('a', 1_000), ...lanes('b', 1), ...lanes('c', 1)], 200, 0);
    expect([...shares.keys()]).toEqual(['a-0', 'b-0', 'c-0', 'a-1', 'a-2']);
    expect([...shares.values()].reduce((sum, share) => sum + share)).toBe(200);
  });

  it('begins with another product each round', () => {
    const first = (start: number) => [...fairShare([...lanes('a', 9), ...lanes('b', 9)], 40, start).keys()][0];
    expect([first(0), first(1), first(2)]).toEqual(['a-0', 'b-0', 'a-0']);
  });
});
