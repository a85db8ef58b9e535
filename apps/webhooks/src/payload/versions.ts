import type { PublishedEvent } from '#events/event';

type Data = Record<string, unknown>;

/** How one event type's data got from one schema version to the next, and back. */
export interface SchemaStep {
  /** From the schema version before. */
  readonly up: (data: Data) => Data;
  /** To the schema version before. */
  readonly down: (data: Data) => Data;
}

/**
 * A version of the shapes that webhooks are sent in. An endpoint stays with the one that it was made under until its owner moves it.
 */
export interface ApiVersion {
  /** A date; later ones sort after earlier ones. */
  readonly name: string;
  /** Steps that came with this version, by event type and the schema version that each leads to. */
  readonly steps: Readonly<Record<string, Readonly<Record<number, SchemaStep>>>>;
}

/** Oldest first. Whoever changes the schema of a published event adds a version, with the step and its way back. */
export const API_VERSIONS: readonly [ApiVersion, ...ApiVersion[]] = [{ name: '2026-11-01', steps: {} }];

export const newestOf = (versions: readonly ApiVersion[]): string => versions.at(-1)?.name ?? '';

/**
 * An event in the shape of a version: one that was taken in before a step goes up to it, one that came after goes down. An
 * unknown version is read as the nearest earlier one.
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
