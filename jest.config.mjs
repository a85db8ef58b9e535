import { readFileSync } from 'node:fs';

const swc = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));
delete swc.$schema;
swc.jsc.rewriteRelativeImportExtensions = false;
swc.sourceMaps = 'inline';

const common = {
  rootDir: import.meta.dirname,
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/data', '<rootDir>/test/bench/peers/node_modules'],
};

/** The rules need no database, so their tests start at once. */
export default {
  maxWorkers: 2,
  // The last resort against what hangs. No test says how long anything may take: a slow machine must not fail what works.
  testTimeout: 600_000,
  projects: [
    { ...common, displayName: 'domain', testMatch: ['<rootDir>/libs/{domain,ids}/**/*.spec.ts'] },
    {
      ...common,
      displayName: 'services',
      testMatch: ['<rootDir>/{apps,test}/**/*.spec.ts', '<rootDir>/libs/{events,platform}/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.ts',
      globalTeardown: '<rootDir>/test/support/global-teardown.ts',
    },
  ],
};
