import { spawnSync } from 'node:child_process';
import { chownSync, readFileSync } from 'node:fs';

/** PostgreSQL refuses to run as root, so root runs it as another user. */
export interface RunAs {
  /** The command and arguments that start `program` as that user. */
  command(program: string, args: readonly string[]): readonly [string, ...string[]];
  /** Hands a folder over to that user. */
  own(folder: string): void;
}

const AS_SELF: RunAs = {
  command: (program, args) => [program, ...args],
  own: () => undefined,
};

/** As `postgres` if that user exists, else as `nobody`; as the current user if that is not root. */
export const unprivileged = (): RunAs => {
  if (process.getuid?.() !== 0) return AS_SELF;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (user === undefined)
    throw new Error(
      'PostgreSQL cannot run as root, and there is neither a user postgres nor nobody; set DATABASE_URL.',
    );
  const [, , uid = '', gid = ''] = user;
  if (spawnSync('setpriv', ['--version']).status !== 0) {
    throw new Error(
      'PostgreSQL cannot run as root, and setpriv (util-linux) is missing; run as another user, or set DATABASE_URL.',
    );
  }
  return {
    // The capability lets PostgreSQL reach its programs and data below folders that only root may enter.
    command: (program, args) => [
      'setpriv',
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      '--inh-caps=+dac_override',
      '--ambient-caps=+dac_override',
      '--',
      program,
      ...args,
    ],
    own: (folder) => chownSync(folder, Number(uid), Number(gid)),
  };
};
