import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Kills the broker that a killed cluster has left running, since it would block its folder for a new broker. Its command line
 * ends with the path of its configuration, which no other process has. Its data stays.
 *
 * @param {string} configuration path of its server.properties
 */
export const endLeftoverKafka = async (configuration) => {
  for (const pid of running(configuration)) process.kill(pid, 'SIGKILL');
  while (running(configuration).length > 0) await sleep(50);
};

const running = (configuration) => {
  const { stdout, error } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`ps is needed to find a broker that was left running: ${error.message}`);
  return stdout
    .split('\n')
    .filter((line) => line.endsWith(` kafka.Kafka ${configuration}`))
    .map((line) => parseInt(line, 10));
};
