import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Ends the broker that a killed cluster has left behind: it would keep its folder to itself. It is known by the path of
 * its configuration, which ends its command line; nobody else's reads the same. What it has written it keeps.
 *
 * @param {string} configuration path of its server.properties
 */
export const endLeftoverKafka = async (configuration) => {
  for (const pid of running(configuration)) process.kill(pid, 'SIGKILL');
  while (running(configuration).length > 0) await sleep(50);
};

const running = (configuration) => {
  const { stdout, error } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`ps is needed to look for what was left running: ${error.message}`);
  return stdout
    .split('\n')
    .filter((line) => line.endsWith(` kafka.Kafka ${configuration}`))
    .map((line) => parseInt(line, 10));
};
