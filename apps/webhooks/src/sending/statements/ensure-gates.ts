/** Makes the gates of endpoints that have none yet, so that claim-gated-deliveries.ts finds a row to lock. $1 endpoints */
export const ensureGates = {
  name: 'ensure_gates',
  text: `insert into delivery_gates (endpoint_id) select unnest($1::text[]) on conflict do nothing`,
};
