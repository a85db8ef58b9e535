/** A lane that has room. */
export interface Applicant {
  readonly id: string;
  /** Lanes of one group share its turns. */
  readonly group: string;
  readonly room: number;
}

/**
 * Divides what one statement may claim. The groups take turns, one lane each, until the budget is used up. So a product with a thousand
 * endpoints does not make a product with one endpoint wait for all of them.
 * @param budget deliveries
 * @param start number of the group that is first, modulo their count
 * @returns deliveries, by lane
 */
export const fairShare = (
  applicants: readonly Applicant[],
  budget: number,
  start: number,
): ReadonlyMap<string, number> => {
  const groups = new Map<string, Applicant[]>();
  for (const applicant of applicants) {
    const group = groups.get(applicant.group);
    if (group === undefined) groups.set(applicant.group, [applicant]);
    else group.push(applicant);
  }
  const queues = [...groups.values()];
  const shares = new Map<string, number>();
  let left = budget;
  for (let turn = 0; left > 0 && shares.size < applicants.length; turn++) {
    const queue = queues[(start + turn) % queues.length];
    const applicant = queue?.shift();
    if (applicant === undefined) continue;
    const share = Math.min(applicant.room, left);
    shares.set(applicant.id, share);
    left -= share;
  }
  return shares;
};
