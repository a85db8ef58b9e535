import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GrantLine, WantedGrant } from './grant-file.ts';
import { findPlan, type PlanCatalogue } from './plan-catalogue.ts';
import type { Done } from './progress.ts';
import { seedPlan } from './seed-plan.ts';
import { ask, type Reply, type Target } from './target.ts';

/** Calls at a time. */
const AT_ONCE = 8;
/** How often a plan that was just created is looked for: its event is on the way from licensing to billing. */
const LOOKS = 60;
const BETWEEN_LOOKS_MS = 500;

/** What became of a line. */
export interface Granted {
  readonly grant: WantedGrant;
  readonly reply: Reply;
}

/** Gives grants, with the plans of a catalogue that do not exist yet. */
export class Granting {
  readonly #seeded = new Map<string, Promise<boolean>>();

  constructor(
    private readonly target: Target,
    private readonly catalogue: PlanCatalogue | undefined,
  ) {}

  /**
   * Gives one grant. If its plan does not exist but stands in the catalogue, the plan is created first.
   * @param idempotencyKey a call that is repeated with it within 24 hours has no further effect
   * @throws Error if the server cannot be reached, or the plan cannot be created
   */
  async give({ plan, ...grant }: WantedGrant, idempotencyKey?: string): Promise<Reply> {
    const body = { ...grant, ...(plan.startsWith('plan_') ? { plan_id: plan } : { plan }) };
    const send = (): Promise<Reply> => ask(this.target, 'POST', '/admin/grants', body, idempotencyKey);
    let reply = await send();
    if (!isMissing(reply) || !(await this.#seed(plan))) return reply;
    for (let looks = 0; isMissing(reply) && looks < LOOKS; looks++) {
      reply = await send();
      if (isMissing(reply)) await sleep(BETWEEN_LOOKS_MS);
    }
    return reply;
  }

  /**
   * Gives the grants of a file, several at a time.
   * @param run names this use of the file: the same lines with the same name within 24 hours have no further effect
   * @returns in the order of the lines
   */
  async giveAll(lines: readonly GrantLine[], run: string, show: (done: Done) => void): Promise<Granted[]> {
    const granted: Granted[] = [];
    const tell = (): void => {
      const refused = granted.filter(({ reply }) => reply.status >= 400).length;
      show({ done: granted.length, total: lines.length, refused });
    };
    tell();
    for (let from = 0; from < lines.length; from += AT_ONCE) {
      const batch = lines.slice(from, from + AT_ONCE).map(async ({ line, ...grant }) => {
        return { grant, reply: await this.give(grant, keyOf(run, line, grant)) };
      });
      granted.push(...(await Promise.all(batch)));
      tell();
    }
    return granted;
  }

  /** @returns false if the catalogue does not have the plan */
  #seed(slug: string): Promise<boolean> {
    const before = this.#seeded.get(slug);
    if (before !== undefined) return before;
    const plan = this.catalogue && findPlan(this.catalogue, slug);
    const seeding = plan === undefined ? Promise.resolve(false) : seedPlan(plan, this.target).then(() => true);
    this.#seeded.set(slug, seeding);
    return seeding;
  }
}

const isMissing = ({ body }: Reply): boolean => body['code'] === 'PLAN_NOT_FOUND';

const keyOf = (run: string, line: number, grant: WantedGrant): string =>
  createHash('sha256')
    .update(JSON.stringify(['grant', run, line, grant]))
    .digest('base64url');
