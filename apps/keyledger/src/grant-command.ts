import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type Granted, Granting } from './grant.ts';
import { readGrants, type WantedGrant } from './grant-file.ts';
import { readCatalogue } from './plan-catalogue.ts';
import { Progress } from './progress.ts';
import { explained, type Target } from './target.ts';

interface GrantOptions {
  readonly user?: string;
  readonly email?: string;
  readonly file?: string;
  readonly plan?: string;
  readonly duration?: string;
  readonly reason?: string;
  readonly grantedBy?: string;
  readonly catalogue?: string;
  readonly run: string;
  readonly json?: true;
}

/** Exit code when the server refused grants. */
const REFUSED = 2;

/** Adds the options and the action of `keyledger grant`. @param targetOf reads the options that name the server */
export const grantCommand = <T extends object>(command: Command, targetOf: (options: T) => Target): Command =>
  command
    .description('Give subscriptions without a payment, or more time to those that were given')
    .option('--user <id>', 'your id of the user; an e-mail address is also the address that the license key is sent to')
    .option('--email <address>', 'address that the license key is sent to')
    .addOption(
      new Option(
        '--file <file>',
        'give the grants of a CSV file; its first line names the columns: user, email, plan, duration, reason, granted_by',
      ).conflicts(['user', 'email']),
    )
    .option('--plan <plan>', 'slug or id of the plan')
    .option('--duration <duration>', 'ISO 8601, such as P12M (default) or P30D')
    .option('--reason <text>', 'why it is given')
    .option('--granted-by <name>', 'who gives it (default: the id of the API key)')
    .addOption(
      new Option(
        '--catalogue <file>',
        'a JSON file with products and plans: a plan that does not exist yet is created from it (docs/billing.md)',
      ).env('KEYLEDGER_PLAN_CATALOGUE'),
    )
    .option(
      '--run <name>',
      'with --file: the same lines under the same name within 24 hours have no further effect, so an interrupted command can be repeated',
      'file',
    )
    .option('--json', 'print the answers as JSON, with --file one on each line')
    .action(async (options: GrantOptions & T) => {
      if ((options.user === undefined) === (options.file === undefined)) throw new Error('Give --user, or --file.');
      const catalogue = options.catalogue === undefined ? undefined : await readCatalogue(options.catalogue);
      const granting = new Granting(targetOf(options), catalogue);
      const granted = await (options.file === undefined
        ? one(granting, options)
        : all(granting, options, options.file));
      if (granted.some(isRefused)) process.exitCode = REFUSED;
    });

const wanted = ({ user, email, plan, duration, reason, grantedBy: granted_by }: GrantOptions): Partial<WantedGrant> => {
  const given = { user, email, plan, duration, reason, granted_by };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
};

const one = async (granting: Granting, options: GrantOptions): Promise<readonly Granted[]> => {
  const { user, plan, reason, ...rest } = wanted(options);
  if (user === undefined || plan === undefined || reason === undefined) throw new Error('Give --plan and --reason.');
  const granted = {
    grant: { user, plan, reason, ...rest },
    reply: await granting.give({ user, plan, reason, ...rest }),
  };
  if (options.json === true) console.log(JSON.stringify(granted.reply.body, null, 2));
  else tell(granted);
  return [granted];
};

const tell = ({ grant, reply }: Granted): void => {
  if (isRefused({ grant, reply })) return console.error(`${grant.user}: ${explained(reply)}`);
  const { subscription_id, plan_slug, period_end } = reply.body as Readonly<Record<string, string>>;
  const what = reply.status === 201 ? 'Given' : 'Extended';
  console.log(`${what}: ${plan_slug} for ${grant.user} until ${period_end}, ${subscription_id}`);
};

const all = async (granting: Granting, options: GrantOptions, file: string): Promise<readonly Granted[]> => {
  const lines = readGrants(await readFile(file, 'utf8'), file, wanted(options));
  const progress = new Progress();
  const granted = await granting.giveAll(lines, options.run, (done) => progress.show(done));
  progress.end();
  if (options.json === true)
    granted.forEach(({ grant, reply }) => console.log(JSON.stringify({ user: grant.user, ...reply.body })));
  else summarize(granted);
  return granted;
};

const summarize = (granted: readonly Granted[]): void => {
  granted.filter(isRefused).forEach(tell);
  const count = (is: (granted: Granted) => boolean): number => granted.filter(is).length;
  const before = count(({ reply }) => reply.replayed && reply.status < 400);
  const given = count(({ reply }) => !reply.replayed && reply.status === 201);
  const extended = count(({ reply }) => !reply.replayed && reply.status === 200);
  console.log(`${given} given, ${extended} extended, ${before} known already, ${count(isRefused)} refused.`);
};

const isRefused = ({ reply }: Granted): boolean => reply.status >= 400;
