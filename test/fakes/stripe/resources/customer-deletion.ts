import type { Routes } from '../route.ts';
import { customerOf } from './customer.ts';
import { endSubscription } from './subscription-status.ts';

/** Deleting a customer cancels its subscriptions at once. */
export const customerDeletion: Routes = {
  'DELETE /v1/customers/:id': ({ world, path }) => {
    const customer = customerOf(world, path('id'));
    for (const subscription of world.subscriptions.of(customer.id))
      if (!['canceled', 'incomplete_expired'].includes(subscription.status))
        endSubscription(world, subscription, 'cancellation_requested');
    world.deletedCustomers.add(customer.id);
    world.emit('customer.deleted', customer);
    return { id: customer.id, object: 'customer', deleted: true };
  },
};
