import { LRUCache } from 'lru-cache';
import type { Agent, Dispatcher } from 'undici';
import type { AddressRule } from './addresses.ts';
import { webhookAgent } from './connector.ts';
import type { DeliverySettings } from './settings.ts';
import type { Target } from './target.ts';

/** Endpoints with a certificate of their own whose connections are kept. */
const KEPT = 1_000;

/** Connections: shared by endpoints that are connected to alike, and an endpoint's own where TLS shows its certificate. */
export class Agents {
  readonly #shared = new Map<number, Agent>();
  readonly #own = new LRUCache<string, { readonly version: number; readonly agent: Agent }>({
    max: KEPT,
    // What is under way ends in peace.
    dispose: ({ agent }) => void agent.close(),
  });

  constructor(
    private readonly refused: AddressRule,
    private readonly settings: DeliverySettings,
  ) {}

  of(target: Target): Dispatcher {
    const { id, version, connectTimeout, certificate } = target;
    if (certificate !== undefined) {
      const kept = this.#own.get(id);
      if (kept?.version === version) return kept.agent;
      const agent = webhookAgent(this.refused, this.settings, target);
      this.#own.set(id, { version, agent });
      return agent;
    }
    let agent = this.#shared.get(connectTimeout);
    if (agent === undefined) {
      agent = webhookAgent(this.refused, this.settings, target);
      this.#shared.set(connectTimeout, agent);
    }
    return agent;
  }

  async destroy(): Promise<void> {
    const own = [...this.#own.values()].map(({ agent }) => agent);
    await Promise.all([...this.#shared.values(), ...own].map((agent) => agent.destroy()));
  }
}
