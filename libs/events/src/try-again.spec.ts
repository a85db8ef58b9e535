import { tryAgain } from './try-again.ts';

class Passing extends Error {}

const failing = (errors: readonly Error[]): { work: () => Promise<string>; calls: () => number } => {
  let calls = 0;
  const work = (): Promise<string> => {
    const error = errors[calls];
    calls += 1;
    return error === undefined ? Promise.resolve('done') : Promise.reject(error);
  };
  return { work, calls: () => calls };
};

const when = (error: unknown): boolean => error instanceof Passing;

describe('trying again', () => {
  it('returns what the first successful try returned', async () => {
    const { work, calls } = failing([new Passing(), new Passing(), new Passing()]);
    expect(await tryAgain(work, { when })).toBe('done');
    expect(calls()).toBe(4);
  });

  it('throws a permanent error immediately', async () => {
    const lasting = new Error('lasting');
    const { work, calls } = failing([new Passing(), lasting]);
    await expect(tryAgain(work, { when })).rejects.toBe(lasting);
    expect(calls()).toBe(2);
  });

  it('throws the error of the last try', async () => {
    const errors = [new Passing('1'), new Passing('2'), new Passing('3')];
    const { work, calls } = failing(errors);
    await expect(tryAgain(work, { when, atMost: 2 })).rejects.toBe(errors[1]);
    expect(calls()).toBe(2);
  });

  it('asks for a pause after each failed try but the last', async () => {
    const pauses: number[] = [];
    const pauseMs = (tries: number): number => {
      pauses.push(tries);
      return 0;
    };
    const { work } = failing([new Passing(), new Passing(), new Passing()]);
    await expect(tryAgain(work, { when, atMost: 3, pauseMs })).rejects.toThrow(Passing);
    expect(pauses).toEqual([1, 2]);
  });
});
