import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * Dependencies point one way: apps → libs/platform → libs/events, and apps → libs/domain. All may import libs/ids and the
 * client's key-text.ts, which import none of them. No app imports another, except apps/keyledger, which runs them all in one
 * process.
 * (`regex`, because a `group` that starts with # is taken for a comment.)
 */
const never = (regex, message) => ({ regex, message });

const PLATFORM = never('^#platform(/|$)|/platform/src/', 'libs/platform is a layer above: reverse the dependency.');
const EVENTS = never(
  '^#events(/|$)|/events/src/',
  'The rules do not import the event store; they only have the shape of its deciders.',
);
const DOMAIN = never(
  '^#domain(/|$)|/domain/src/',
  'Libraries are generic: code that knows licenses belongs in an app.',
);
const APPS = never('(^|/)apps/', 'Libraries must not import an app.');
const NEST = never('^@nestjs/', 'The rules must not import a framework.');
const CLIENT = never(
  '^#client/(?!key-text$)|/client/src/',
  'The client is for shipped programs; servers import only its key-text.ts, which reads keys.',
);
const DATABASES = never('^(pg|typeorm|kafkajs|fastify|undici)(/|$)', 'The rules do no I/O.');
const NODE_IO = never(
  '^(node:)?(fs|net|tls|dgram|dns|http|https|http2|child_process|cluster|worker_threads|process|os|readline|timers)(/|$)',
  'The rules do no I/O, and each command contains its time.',
);
/** The contexts of libs/domain: each keeps its own rules. */
const CONTEXTS = ['shared', 'licensing', 'webhooks', 'identity', 'billing', 'releases'];
/** Another context's files, except its published events (`*.contracts.ts`, `contracts.ts`) and, for all, `shared`. */
const otherContexts = (own) => {
  const others = CONTEXTS.filter((context) => context !== own && context !== 'shared').join('|');
  return never(
    `^(?!.*contracts(\\.ts)?$)(\\.\\./|#domain/)+(${others})/|^(\\.\\./)+(catalogue|refusals)\\.ts$`,
    'A context of the domain may import only the published events of the others.',
  );
};
/** Paths with any number of `../` from an app into another app. LIBS_BY_PATH forbids the same into a library past its index. */
const otherApps = (names) => never(`(^|/)apps/|^(\\.\\./)+(${names})/`, 'Apps may share only published events.');
const APPS_BUT_GATEWAY = 'billing|console|keyledger|licensing|releases|webhooks';
const LIBS_BY_PATH = never('/libs/', 'Libraries are imported by name: #domain/…, #events/…, #platform/….');

const TAKE_TIME_FROM =
  'Take business time from the injected Clock and real time from realTime(), both of #platform/clock/clock; measure with performance.now().';
/** Expressions that read the present time. A Date made from a value does not. */
const PRESENT = [
  "MemberExpression[object.name='Date'][property.name='now']",
  "NewExpression[callee.name='Date'][arguments.length=0]",
].map((selector) => ({ selector, message: TAKE_TIME_FROM }));

const CALCULATE_WITH =
  'Money (#domain/shared/money) multiplies, divides and rounds amounts; Decimal (#domain/shared/decimal) does it for rates and quantities. Files that calculate with neither are listed in eslint.config.js.';
/** A constant of numbers: `16 * 1024`, `DAY_MS / 24`. */
const CONSTANT = ":matches([left.type='Literal'], [left.name=/^[A-Z][A-Z_]+$/])[right.type='Literal']";
/** Arithmetic that can leave the whole numbers, or the exact ones. */
const ARITHMETIC = ['*', '/', '%', '**']
  .flatMap((operator) => [
    `BinaryExpression[operator='${operator}']:not(${CONSTANT})`,
    `AssignmentExpression[operator='${operator}=']`,
  ])
  .map((selector) => ({ selector, message: CALCULATE_WITH }));

const imports = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

export default defineConfig(
  globalIgnores(['dist/', 'data/', '**/node_modules/', 'docs/']),
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // The compiler reports unused names (noUnusedLocals, noUnusedParameters).
      '@typescript-eslint/no-unused-vars': 'off',
      // Numbers and booleans are readable in templates; objects and undefined are not, and stay forbidden.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // The rule removes a cast from `any` wherever `any` is accepted too, and then `any` spreads.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      // An implementation of an interface that returns promises may be an async function without await.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: [
      '**/*.spec.ts',
      'libs/platform/src/clock/clock.ts',
      // Libraries below the platform read real time only: for an id, for the expiry of a command id, as the client's default clock.
      'libs/ids/src/typeid.ts',
      'libs/events/src/store/writer.ts',
      'libs/client/src/options.ts',
    ],
    rules: { 'no-restricted-syntax': ['error', ...PRESENT] },
  },
  {
    files: ['libs/domain/src/billing/**/*.ts', 'apps/billing/src/**/*.ts'],
    ignores: [
      '**/*.spec.ts',
      // Hours and months.
      'libs/domain/src/billing/invoice/collection.ts',
      'libs/domain/src/billing/subscription/offer.ts',
      // Points on a page.
      'apps/billing/src/documents/{pdf,sheet,text-lines}.ts',
      'apps/billing/src/provider-events/**',
    ],
    rules: { 'no-restricted-syntax': ['error', ...PRESENT, ...ARITHMETIC] },
  },
  {
    files: ['libs/domain/**/*.ts'],
    rules: imports(PLATFORM, EVENTS, CLIENT, APPS, NEST, DATABASES, NODE_IO),
  },
  // Contexts share value types, and import only published events of each other. catalogue.ts and refusals.ts, one layer
  // above, list all contexts.
  ...CONTEXTS.map((context) => ({
    files: [`libs/domain/src/${context}/**/*.ts`],
    rules: imports(PLATFORM, EVENTS, CLIENT, APPS, NEST, DATABASES, NODE_IO, otherContexts(context)),
  })),
  { files: ['libs/ids/**/*.ts'], rules: imports(PLATFORM, EVENTS, DOMAIN, CLIENT, APPS, NEST, DATABASES, NODE_IO) },
  { files: ['libs/events/**/*.ts'], rules: imports(PLATFORM, DOMAIN, CLIENT, APPS) },
  { files: ['libs/platform/**/*.ts'], rules: imports(DOMAIN, CLIENT, APPS) },
  // The client ships in the merchant's programs, browsers among them; only its entry for Node.js may import Node.js.
  {
    files: ['libs/client/src/**/*.ts'],
    rules: imports(PLATFORM, EVENTS, DOMAIN, APPS, NEST, DATABASES),
  },
  {
    files: ['libs/client/src/**/*.ts'],
    ignores: ['libs/client/src/node/**'],
    rules: {
      ...imports(PLATFORM, EVENTS, DOMAIN, APPS, NEST, DATABASES, never('^node:', 'Browsers have no Node.js.')),
      'no-restricted-globals': ['error', 'Buffer', 'process', 'global', 'setImmediate', 'window', 'document'],
    },
  },
  {
    files: ['apps/**/*.ts'],
    ignores: ['apps/keyledger/**'],
    rules: imports(otherApps(`gateway|${APPS_BUT_GATEWAY}`), LIBS_BY_PATH, CLIENT),
  },
  // Tests of a service may start the gateway in front of it: without a gateway, every request is refused.
  { files: ['apps/**/*.spec.ts'], ignores: ['apps/keyledger/**'], rules: imports(otherApps(APPS_BUT_GATEWAY)) },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    rules: {
      // Tests read answers of the API as its callers do: as JSON of a shape that the assertion states.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // expect.objectContaining and spies pass methods around without calling them.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'console',
          'URL',
          'fetch',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'AbortSignal',
          'Buffer',
          'AbortController',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
);
