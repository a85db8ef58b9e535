import type { AnyStreamType, Upcasters } from '../decider.ts';

export type EventData = Record<string, unknown>;

/** Upcasters of all of a service's event types, by type. */
export class Schemas {
  readonly #upcasters = new Map<string, Upcasters>();
  readonly #present = new Map<string, number>();

  constructor(streams: readonly Pick<AnyStreamType, 'upcasters'>[]) {
    for (const stream of streams) {
      for (const [type, upcasters] of Object.entries(stream.upcasters ?? {})) {
        this.#upcasters.set(type, upcasters);
        this.#present.set(type, Math.max(0, ...Object.keys(upcasters).map(Number)) + 1);
      }
    }
  }

  /** The schema version in which events of a type are written now. */
  present(type: string): number {
    return this.#present.get(type) ?? 1;
  }

  /** @throws when a step of the chain is missing: such an event cannot be read */
  upcast(type: string, version: number, data: EventData): EventData {
    const present = this.present(type);
    if (version >= present) return data;
    const upcasters = this.#upcasters.get(type);
    for (let v = version; v < present; v++) {
      const upcaster = upcasters?.[v];
      if (upcaster === undefined) throw new Error(`no upcaster of ${type} from schema version ${v} to ${v + 1}`);
      data = upcaster(data);
    }
    return data;
  }
}
