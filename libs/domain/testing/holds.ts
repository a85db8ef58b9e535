/**
 * Asserts that a rule holds, for properties that check many rules after each of many steps: jest's `expect` takes some 20 µs, also
 * when it succeeds, and would be most of their time.
 * @throws Error with the rule, and with what was found
 */
export const holds = (condition: boolean, rule: string, found?: unknown): void => {
  if (!condition) throw new Error(found === undefined ? rule : `${rule}, but found ${JSON.stringify(found)}`);
};
