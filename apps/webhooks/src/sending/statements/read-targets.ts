/** Reads what the sender must know of endpoints. $1 ids */
export const readTargets = {
  name: 'read_targets',
  text: `select id, version, product_id, url, secrets, settings from webhook_endpoints where id = any($1)`,
};
