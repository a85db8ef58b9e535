/** A lane that has room. */
export interface Applicant {
  readonly id: string;
  /** Who is treated as one, however many lanes are theirs. */
  readonly group: string;
  readonly room: number;
}

/**
 * Divides what one statement may claim: each group gets a lane in its turn until there is nothing left, so that a product with a
 * thousand endpoints does not make one with a single endpoint wait for all of them.
 * @param start whose turn is first; the next round begins with the one after
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
