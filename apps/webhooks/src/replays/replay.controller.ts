import { Controller } from '@nestjs/common';
import { refuse } from '#domain/webhooks/webhook-endpoint/webhook-endpoint.errors';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { Problem } from '#platform/http/problem';
import type { Webhook } from '../endpoints/endpoint.endpoints.ts';
import { EndpointList } from '../endpoints/endpoint.list.ts';
import {
  cancelReplay,
  createReplay,
  listReplays,
  pauseReplay,
  readReplay,
  type Replay,
  resumeReplay,
} from './replay.endpoints.ts';
import { Replays } from './replays.ts';

@Controller()
export class ReplayController {
  constructor(
    private readonly endpoints: EndpointList,
    private readonly replays: Replays,
  ) {}

  @Endpoint(createReplay)
  async create(call: Call<typeof createReplay>): Promise<Replay> {
    const { active } = await this.#webhook(call);
    if (!active) throw new Problem(409, 'WEBHOOK_DISABLED', 'The webhook is switched off.');
    return this.replays.create(call.params.id, call.body);
  }

  @Endpoint(listReplays)
  async page(call: Call<typeof listReplays>): Promise<unknown> {
    await this.#webhook(call);
    return this.replays.page(call.params.id, call.query);
  }

  @Endpoint(readReplay)
  async read(call: Call<typeof readReplay>): Promise<Replay> {
    await this.#webhook(call);
    return this.replays.read(call.params.id, call.params.replay_id);
  }

  @Endpoint(pauseReplay)
  async pause(call: Call<typeof pauseReplay>): Promise<Replay> {
    await this.#webhook(call);
    return this.replays.change(call.params.id, call.params.replay_id, 'paused');
  }

  @Endpoint(resumeReplay)
  async resume(call: Call<typeof resumeReplay>): Promise<Replay> {
    await this.#webhook(call);
    return this.replays.change(call.params.id, call.params.replay_id, 'running');
  }

  @Endpoint(cancelReplay)
  async cancel(call: Call<typeof cancelReplay>): Promise<Replay> {
    await this.#webhook(call);
    return this.replays.change(call.params.id, call.params.replay_id, 'canceled');
  }

  async #webhook({ params, principal }: Pick<Call<typeof listReplays>, 'params' | 'principal'>): Promise<Webhook> {
    const found = await this.endpoints.one(params.id, principal.product_id);
    return found === undefined ? refuse('WEBHOOK_NOT_FOUND') : found.webhook;
  }
}
