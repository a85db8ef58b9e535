import type { PublishedEvent } from '#events/event';

/** How many subjects are handled at the same time. Their appends share flushes. */
const AT_ONCE = 50;

/**
 * Handles the events of each subject in order, and several subjects at the same time.
 * @throws the first error, once all that have begun are done: those that succeeded are recognized when they come again
 */
export const eachSubject = async (
  batch: readonly PublishedEvent[],
  handle: (event: PublishedEvent) => Promise<void>,
): Promise<void> => {
  const bySubject = [...Map.groupBy(batch, ({ subject }) => subject).values()];
  const inOrder = async (events: readonly PublishedEvent[]): Promise<void> => {
    for (const event of events) await handle(event);
  };
  for (let n = 0; n < bySubject.length; n += AT_ONCE) {
    const done = await Promise.allSettled(bySubject.slice(n, n + AT_ONCE).map(inOrder));
    for (const one of done) if (one.status === 'rejected') throw one.reason;
  }
};
