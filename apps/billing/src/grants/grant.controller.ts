import { Controller } from '@nestjs/common';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import type { Subscribed } from '../subscriptions/subscriptions.ts';
import { giveGrant } from './grant.endpoints.ts';
import { grantedUser } from './granted-user.ts';
import { DEFAULT_DURATION } from './granted-time.ts';
import { Grants } from './grants.ts';

@Controller()
export class GrantController {
  constructor(private readonly grants: Grants) {}

  @Endpoint(giveGrant)
  async give(call: Call<typeof giveGrant>): Promise<Answer> {
    const { body, principal } = call;
    const { duration = DEFAULT_DURATION, reason, granted_by = principal.actor.id } = body;
    const user = grantedUser(body.user, body.email);
    const plan = await this.grants.plan(body, principal);
    const answer = ({ streamId, state, events }: Subscribed): Answer => {
      const extended = !events.some(({ type }) => type === 'subscription.created');
      const period_end = state.status === 'none' ? null : (state.period?.end ?? null);
      const said = { plan_slug: plan.slug, user_id: user.subscriber, period_end, reason, granted_by, extended };
      return new Answer(extended ? 200 : 201, { subscription_id: streamId, ...said });
    };
    return answer(await this.grants.give({ user, plan, duration, reason, granted_by }, call.command(answer)));
  }
}
