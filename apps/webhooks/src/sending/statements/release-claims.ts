/**
 * Gives up claims of this process: the deliveries can be claimed at once.
 *
 * $1 and $3 ids and days of deliveries, $2 owner
 */
export const releaseClaims = {
  name: 'release_claims',
  text: `
    update deliveries set claimed_by = null, claimed_until = null
    where (id, day) in (select * from unnest($1::text[], $3::int[])) and claimed_by = $2`,
};
