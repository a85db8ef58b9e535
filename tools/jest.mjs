import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** Arguments that make the project's Node run jest on the TypeScript sources, without a build, as ES modules. */
export const jest = [
  '--conditions=source',
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=TimeoutNegativeWarning',
  join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
];
