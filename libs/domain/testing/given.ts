import type { Refusal } from '../src/shared/refusal.ts';

interface Rules<Command, Event, State> {
  readonly initialState: State;
  evolve(this: void, state: State, event: Event): State;
  decide(this: void, command: Command, state: State): readonly Event[];
}

/** `given([…events]).when(command).then([…events])` or `.thenRefused('CODE')`: tests that read like a specification. */
export const specification =
  <Command, Event, State>({ initialState, evolve, decide }: Rules<Command, Event, State>) =>
  (...events: readonly Event[]) => ({
    when: (command: Command) => {
      const run = (): readonly Event[] => decide(command, events.reduce(evolve, initialState));
      return {
        then: (expected: readonly Event[]) => expect(run()).toEqual(expected),
        thenMatches: (expected: readonly object[]) => expect(run()).toMatchObject(expected),
        thenNothing: () => expect(run()).toEqual([]),
        thenRefused: (code: string, extensions?: object) =>
          expect(run).toThrow(
            expect.objectContaining({
              code,
              ...(extensions === undefined ? {} : { extensions }),
            }) as unknown as Refusal,
          ),
      };
    },
  });
