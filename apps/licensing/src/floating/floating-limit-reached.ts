import { floatingRefusals } from '#domain/licensing/floating/floating.errors';
import { Refusal } from '#domain/shared/refusal';
import { Problem } from '#platform/http/problem';

const { status, message } = floatingRefusals.FLOATING_LIMIT_REACHED;

/** The refusal, with how long it is until a place is due to be free, where one is. */
class FloatingLimitReached extends Problem {
  constructor({ extensions }: Refusal) {
    super(status, 'FLOATING_LIMIT_REACHED', message, extensions, retryAfter(extensions['next_expires_at']));
  }
}

const retryAfter = (next: unknown): Record<string, string> => {
  if (typeof next !== 'string') return {};
  const seconds = Math.ceil((Date.parse(next) - Date.now()) / 1000);
  return { 'retry-after': String(Math.max(1, seconds)) };
};

/** Runs a command whose refusal says when to come again. */
export const withRetryAfter = async <T>(command: Promise<T>): Promise<T> => {
  try {
    return await command;
  } catch (error) {
    const isLimit = error instanceof Refusal && error.code === 'FLOATING_LIMIT_REACHED';
    throw isLimit ? new FloatingLimitReached(error as Refusal) : error;
  }
};
