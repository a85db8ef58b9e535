import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks per second in /proc: 100 on every Linux that Node.js runs on. */
const TICKS = 100;

/** CPU seconds used by processes and all their descendants; NaN where there is no /proc. */
export const cpuSeconds = (...pids: readonly number[]): number => {
  try {
    const parents = new Map<number, { readonly parent: number; readonly ticks: number }>();
    for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) note(Number(name), parents);
    const isOurs = (one: number): boolean =>
      pids.includes(one) || (parents.has(one) && isOurs(parents.get(one)?.parent ?? 0));
    const ours = [...parents].filter(([one]) => isOurs(one));
    return ours.reduce((sum, [, { ticks }]) => sum + ticks, 0) / TICKS;
  } catch {
    return NaN;
  }
};

/** Includes the children that a process has waited for. A process that has just ended counts as 0. */
const note = (pid: number, parents: Map<number, { parent: number; ticks: number }>): void => {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return;
  }
  // The process name before it may contain any character.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, n) => sum + Number(fields[n]), 0);
  parents.set(pid, { parent: Number(fields[1]), ticks });
};

/** Resident memory of a process in MB; NaN where there is no /proc. */
export const residentMegabytes = (pid: number): number => {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
  } catch {
    return NaN;
  }
};
