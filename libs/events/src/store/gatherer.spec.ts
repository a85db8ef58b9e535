import { Gatherer } from './gatherer.ts';

describe('questions that are gathered', () => {
  it('go together while one is under way, each with its own answer', async () => {
    const asked: (readonly string[])[] = [];
    const gatherer = new Gatherer((keys) => {
      asked.push(keys);
      return Promise.resolve(new Map(keys.filter((key) => key !== 'none').map((key) => [key, `of ${key}`])));
    });
    const first = ['a', 'b', 'none'].map((key) => gatherer.get(key));
    await Promise.resolve();
    const next = ['c', 'd'].map((key) => gatherer.get(key));
    expect(await Promise.all([...first, ...next])).toEqual(['of a', 'of b', undefined, 'of c', 'of d']);
    expect(asked).toEqual([
      ['a', 'b', 'none'],
      ['c', 'd'],
    ]);
    expect(await gatherer.get('e')).toBe('of e');
  });

  it('fail together, and the next does not', async () => {
    let fails = true;
    const gatherer = new Gatherer((keys) =>
      fails ? Promise.reject(new Error('away')) : Promise.resolve(new Map(keys.map((key) => [key, key]))),
    );
    const both = ['a', 'b'].map((key) => gatherer.get(key));
    await expect(both[0]).rejects.toThrow('away');
    await expect(both[1]).rejects.toThrow('away');
    fails = false;
    expect(await gatherer.get('a')).toBe('a');
  });

  it('are of bounded size', async () => {
    const sizes: number[] = [];
    const gatherer = new Gatherer((keys) => {
      sizes.push(keys.length);
      return Promise.resolve(new Map<string, string>());
    });
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => gatherer.get(String(n))));
    expect(sizes).toEqual([500, 500, 200]);
  });
});
