import type { Agent, Dispatcher } from 'undici';
import type { AddressRule } from './addresses.ts';
import { webhookAgent } from './connector.ts';
import type { DeliverySettings } from './settings.ts';
import type { Target } from './target.ts';

/** Connections, shared by endpoints that are connected to alike. */
export class Agents {
  readonly #agents = new Map<number, Agent>();

  constructor(
    private readonly refused: AddressRule,
    private readonly settings: DeliverySettings,
  ) {}

  of({ connectTimeout }: Target): Dispatcher {
    let agent = this.#agents.get(connectTimeout);
    if (agent === undefined) {
      agent = webhookAgent(this.refused, this.settings, connectTimeout);
      this.#agents.set(connectTimeout, agent);
    }
    return agent;
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
  }
}
