import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, pino } from 'pino';
import type { Config } from '../config/config.ts';
import { redact, redactText } from './redact.ts';

export type Logger = pino.Logger;

/**
 * JSON lines on standard output. Secrets, and texts that look like secrets, are redacted in every log call and at any depth.
 */
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
      formatters: { log: (fields) => redact(fields) as Record<string, unknown> },
      // Errors have been converted to plain objects by then.
      serializers: { err: (error: unknown) => error },
      hooks: {
        logMethod([first, ...rest], log) {
          const texts = rest.map((part) => redact(part) as string);
          if (typeof first === 'string') log.apply(this, [redactText(first), ...texts]);
          // Without a message pino would use the error's own message, without redaction.
          else
            log.apply(this, [
              first instanceof Error ? { err: first } : first,
              ...(texts.length > 0 ? texts : ['']),
            ] as never);
        },
      },
    },
    destination ?? pino.destination({ dest: 1, sync: false }),
  );

/** Nest's own messages, in the same log. Its messages about the start have level debug. */
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
