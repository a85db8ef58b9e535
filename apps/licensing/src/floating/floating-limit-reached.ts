import { floatingRefusals } from '#domain/licensing/floating/floating.errors';
import { Refusal } from '#domain/shared/refusal';
import type { Time } from '#domain/shared/time';
import { Problem } from '#platform/http/problem';

const { status, message } = floatingRefusals.FLOATING_LIMIT_REACHED;

/** The refusal, with the time at which the next session expires, if one does. */
class FloatingLimitReached extends Problem {
  constructor({ extensions }: Refusal, now: Time) {
    super(status, 'FLOATING_LIMIT_REACHED', message, extensions, retryAfter(extensions['next_expires_at'], now));
  }
}

const retryAfter = (next: unknown, now: Time): Record<string, string> => {
  if (typeof next !== 'string') return {};
  const seconds = Math.ceil((Date.parse(next) - Date.parse(now)) / 1000);
  return { 'retry-after': String(Math.max(1, seconds)) };
};

/** Runs a command, and adds `Retry-After` to its refusal. */
export const withRetryAfter = async <T>(command: Promise<T>, now: Time): Promise<T> => {
  try {
    return await command;
  } catch (error) {
    const isLimit = error instanceof Refusal && error.code === 'FLOATING_LIMIT_REACHED';
    throw isLimit ? new FloatingLimitReached(error as Refusal, now) : error;
  }
};
