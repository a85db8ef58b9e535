import { join } from 'node:path';
import { ESLint } from 'eslint';

const ROOT = join(import.meta.dirname, '../..');

/** Lints one import as part of that file, and returns the messages of the rule. */
const refused = async (file: string, from: string): Promise<string[]> => {
  const eslint = new ESLint({
    cwd: ROOT,
    // The rule needs no types, so it also works for files that do not exist.
    overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: null } } },
    ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-imports',
  });
  const [result] = await eslint.lintText(`import * as it from '${from}';\nexport { it };\n`, {
    filePath: join(ROOT, file),
  });
  if (result === undefined) throw new Error(`${file} is not linted at all`);
  const broken = result.messages.filter(({ fatal }) => fatal);
  if (broken.length > 0) throw new Error(broken.map(({ message }) => message).join('\n'));
  return result.messages.map(({ message }) => message);
};

describe('the direction of imports', () => {
  it.each([
    ['libs/domain/src/licensing/license/license.ts', '#events'],
    ['libs/domain/src/licensing/license/license.ts', '#platform'],
    ['libs/domain/src/licensing/license/license.ts', '#events/store'],
    ['libs/domain/src/licensing/license/license.ts', '../../../../events/src/event.ts'],
    ['libs/domain/src/licensing/license/license.ts', '@nestjs/common'],
    ['libs/domain/src/licensing/license/license.ts', 'pg'],
    ['libs/domain/src/licensing/license/license.ts', 'node:fs'],
    ['libs/domain/src/licensing/license/license.ts', 'node:fs/promises'],
    ['libs/domain/src/licensing/license/license.ts', 'http'],
    ['libs/domain/src/licensing/license/license.spec.ts', '#events'],
    ['libs/domain/src/webhooks/webhook-endpoint/webhook-endpoint.ts', '../../licensing/license/license.ts'],
    ['libs/domain/src/billing/price/price.ts', '#domain/licensing/license/license'],
    ['libs/domain/src/licensing/license/license.ts', '../../identity/api-key/api-key.ts'],
    ['libs/domain/src/licensing/license/license.ts', '../../catalogue.ts'],
    ['libs/domain/src/shared/id.ts', '../licensing/license/license.ts'],
    ['libs/events/src/store/append.ts', '#domain'],
    ['libs/ids/src/index.ts', '#domain'],
    ['libs/ids/src/index.ts', '#events'],
    ['libs/events/src/store/append.ts', '#domain/licensing/license/license'],
    ['libs/events/src/store/append.ts', '#platform'],
    ['libs/events/src/store/append.ts', '../../../../apps/licensing/src/licensing.module.ts'],
    ['libs/platform/src/http/run.ts', '#domain/shared/id'],
    ['libs/platform/src/http/run.ts', '../../../domain/src/index.ts'],
    ['libs/platform/src/http/run.ts', '../../../../apps/gateway/src/gateway.module.ts'],
    ['apps/licensing/src/licensing.module.ts', '../../gateway/src/gateway.module.ts'],
    ['apps/licensing/src/licenses/licenses.ts', '../../../webhooks/src/webhooks.module.ts'],
    ['apps/licensing/src/licenses/licenses.ts', '../../../../apps/webhooks/src/webhooks.module.ts'],
    ['apps/licensing/src/licenses/licenses.ts', '../../../../libs/events/src/index.ts'],
    ['apps/licensing/src/licenses/licenses.int.spec.ts', '../../../webhooks/src/webhooks.module.ts'],
  ])('%s may not import %s', async (file, from) => {
    expect(await refused(file, from)).toHaveLength(1);
  });

  it.each([
    ['libs/domain/src/licensing/license/license.ts', '../../shared/id.ts'],
    ['libs/domain/src/licensing/license/license.ts', '../plan/plan.ts'],
    ['libs/domain/src/billing/invoice/invoice.ts', '../../licensing/license/license.contracts.ts'],
    ['libs/domain/src/licensing/license/license.ts', 'semver'],
    ['libs/domain/src/licensing/license-key/license-key.ts', 'node:crypto'],
    ['libs/events/src/store/append.ts', 'pg'],
    ['libs/events/src/store/append.ts', '#ids'],
    ['libs/domain/src/shared/id.ts', '#ids'],
    ['libs/events/src/store/append.ts', '../event.ts'],
    ['libs/platform/src/http/run.ts', '#events/store'],
    ['apps/licensing/src/licenses/licenses.ts', '#domain/licensing/license/license'],
    ['apps/licensing/src/licenses/licenses.ts', '#events/store'],
    ['apps/licensing/src/licenses/licenses.ts', '#platform/http/endpoint'],
    ['apps/licensing/src/licenses/licenses.ts', '../products/product.table.ts'],
    ['apps/licensing/src/licenses/licenses.int.spec.ts', '../../../gateway/src/gateway.module.ts'],
    ['apps/keyledger/src/main.ts', '../../gateway/src/gateway.module.ts'],
  ])('%s may import %s', async (file, from) => {
    expect(await refused(file, from)).toEqual([]);
  });
});
