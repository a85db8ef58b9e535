/** Condition on the delivery `d`: it is due, and no unexpired claim holds it. */
export const CLAIMABLE = `d.status = 'pending' and d.due_at <= now() and (d.claimed_until is null or d.claimed_until < now())`;
