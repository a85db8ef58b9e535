import { setImmediate as nextTurn } from 'node:timers/promises';
import { Gatherer } from './gatherer.ts';

describe('gathered queries', () => {
  it('are sent together in one turn of the event loop, and each gets its own answer', async () => {
    const asked: (readonly string[])[] = [];
    const gatherer = new Gatherer((keys) => {
      asked.push(keys);
      return Promise.resolve(new Map(keys.filter((key) => key !== 'none').map((key) => [key, `of ${key}`])));
    });
    const first = ['a', 'b'].map((key) => gatherer.get(key));
    await Promise.resolve();
    first.push(gatherer.get('none'));
    await nextTurn();
    const next = ['c', 'd'].map((key) => gatherer.get(key));
    expect(await Promise.all([...first, ...next])).toEqual(['of a', 'of b', undefined, 'of c', 'of d']);
    expect(asked).toEqual([
      ['a', 'b', 'none'],
      ['c', 'd'],
    ]);
    expect(await gatherer.get('e')).toBe('of e');
  });

  it('are batched while the maximum number of queries is running', async () => {
    const asked: (readonly string[])[] = [];
    const ends: (() => void)[] = [];
    const gatherer = new Gatherer(async (keys) => {
      asked.push(keys);
      await new Promise<void>((end) => ends.push(end));
      return new Map(keys.map((key) => [key, key]));
    });
    const all: Promise<string | undefined>[] = [];
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
      all.push(gatherer.get(key));
      await nextTurn();
    }
    expect(asked).toEqual([['a'], ['b'], ['c'], ['d']]);
    ends.shift()?.();
    await nextTurn();
    await nextTurn();
    expect(asked.slice(4)).toEqual([['e', 'f']]);
    for (const end of ends) end();
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('fail individually', async () => {
    const gatherer = new Gatherer((keys) =>
      keys.includes('bad')
        ? Promise.reject(new Error('cannot be read'))
        : Promise.resolve(new Map(keys.map((key) => [key, key]))),
    );
    const [good, bad] = ['good', 'bad'].map((key) => gatherer.get(key));
    await expect(bad).rejects.toThrow('cannot be read');
    expect(await good).toBe('good');
    expect(await gatherer.get('next')).toBe('next');
  });

  it('have a bounded size', async () => {
    const sizes: number[] = [];
    const gatherer = new Gatherer((keys) => {
      sizes.push(keys.length);
      return Promise.resolve(new Map<string, string>());
    });
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => gatherer.get(String(n))));
    expect(sizes).toEqual([500, 500, 200]);
  });
});
