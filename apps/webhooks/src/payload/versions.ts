import type { PublishedEvent } from '#events/event';

type Data = Record<string, unknown>;

/** Converts the data of an event type from one schema version to the next, and back. */
export interface SchemaStep {
  /** From the schema version before. */
  readonly up: (data: Data) => Data;
  /** To the schema version before. */
  readonly down: (data: Data) => Data;
}

/**
 * A version of the shapes of event data. An endpoint keeps the version that was current when it was made, until its owner changes it.
 */
export interface ApiVersion {
  /** A date; later ones sort after earlier ones. */
  readonly name: string;
  /** Steps introduced by this version, by event type and the schema version that each leads to. */
  readonly steps: Readonly<Record<string, Readonly<Record<number, SchemaStep>>>>;
}

/** Oldest first. A change to the schema of a published event adds a version here, with the step in both directions. */
export const API_VERSIONS: readonly [ApiVersion, ...ApiVersion[]] = [{ name: '2026-11-01', steps: {} }];

export const newestOf = (versions: readonly ApiVersion[]): string => versions.at(-1)?.name ?? '';

/**
 * Converts an event to the shape of a version: an older event goes up to it, a newer one goes down. An unknown version counts as the nearest
 * earlier one.
 */
export const asOf = (
  event: PublishedEvent,
  version: string | undefined,
  versions: readonly ApiVersion[],
): PublishedEvent => {
  const name = version ?? newestOf(versions);
  const steps = versions.flatMap((one) =>
    Object.entries(one.steps[event.type] ?? {}).map(([to, step]) => ({
      to: Number(to),
      step,
      within: one.name <= name,
    })),
  );
  if (steps.length === 0) return event;
  const wanted = Math.max(1, ...steps.filter(({ within }) => within).map(({ to }) => to));
  const prefix = event.dataschema.slice(0, event.dataschema.lastIndexOf(':') + 1);
  const given = Number(event.dataschema.slice(prefix.length));
  let { data } = event;
  for (let at = given; at < wanted; at++) data = steps.find(({ to }) => to === at + 1)?.step.up(data) ?? data;
  for (let at = given; at > wanted; at--) data = steps.find(({ to }) => to === at)?.step.down(data) ?? data;
  return { ...event, dataschema: `${prefix}${wanted}`, data };
};
