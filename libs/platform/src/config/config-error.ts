/** A variable that is wrong, with what to do about it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
