import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const swc = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));
delete swc.$schema;
swc.jsc.rewriteRelativeImportExtensions = false;
swc.sourceMaps = 'inline';

const common = {
  rootDir: import.meta.dirname,
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  // The examples import the client as a merchant's program does.
  moduleNameMapper: { '^@keyledger/client$': '<rootDir>/libs/client/src/index.ts' },
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/data', '<rootDir>/test/bench/peers/node_modules'],
};

/** Starts one PostgreSQL for a run, and stops it. */
const postgres = {
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};

/** The tier of a suite is in the name of its file: docs/architecture.md, "Tests". */
export default {
  // One more than there are cores: half of the time of the longest suites is spent waiting for processes.
  maxWorkers: availableParallelism() + 1,
  // The modules of a suite stay in memory after it (some 45 MB). Later suites become slow under garbage collection, so a worker
  // whose heap has grown beyond this is replaced.
  workerIdleMemoryLimit: '600MB',
  // At its end a worker has no open handles, but the system takes more than jest's half a second to free several hundred MB when the
  // cores are busy. jest would kill the worker then, and warn of a leak that is none.
  workerGracefulExitTimeout: 30_000,
  testSequencer: '<rootDir>/tools/test-sequencer.mjs',
  // Ends a test that hangs. No test states a time of its own: a slow machine must not fail what works.
  testTimeout: 600_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs,test}/**/*.spec.ts', '!**/*.{int,proc}.spec.ts'],
    },
    { ...common, ...postgres, displayName: 'int', testMatch: ['<rootDir>/{apps,libs,test}/**/*.int.spec.ts'] },
    { ...common, ...postgres, displayName: 'proc', testMatch: ['<rootDir>/{apps,libs,test}/**/*.proc.spec.ts'] },
  ],
};
