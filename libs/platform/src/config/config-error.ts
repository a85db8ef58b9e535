/** A variable has a wrong value; the message contains the remedy. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
