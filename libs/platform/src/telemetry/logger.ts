import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, pino } from 'pino';
import type { Config } from '../config/config.ts';

export type Logger = pino.Logger;

/** Fields that hold secrets wherever they stand at the first two levels of a log line. */
const SECRET = ['license_key', 'key', 'secret', 'authorization', 'token', 'password', 'email', 'master_key'];

/** JSON lines on standard output; fields named like a secret are cut out, whoever logs them. */
export const createLogger = (
  config: Pick<Config, 'log_level'>,
  service: string,
  destination?: DestinationStream,
): Logger =>
  pino(
    {
      level: config.log_level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRET.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
    },
    destination ?? pino.destination({ dest: 1, sync: false }),
  );

/** Nest's own messages, in the same log. Its start-up chatter is for debugging. */
export const nestLogger = (logger: Logger): LoggerService => {
  const write =
    (level: 'debug' | 'warn' | 'error' | 'fatal') =>
    (message: unknown, ...rest: unknown[]): void => {
      const details = rest.filter((part) => part !== undefined);
      logger[level]({ ...(message instanceof Error ? { err: message } : {}), nest: details }, String(message));
    };
  return {
    log: write('debug'),
    debug: write('debug'),
    verbose: write('debug'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
  };
};
