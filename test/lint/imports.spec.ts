import { join } from 'node:path';
import { ESLint } from 'eslint';

const ROOT = join(import.meta.dirname, '../..');

/** Messages of the rule for one import, as if it stood in that file. */
const refused = async (file: string, from: string): Promise<string[]> => {
  const eslint = new ESLint({
    cwd: ROOT,
    // The direction of imports is in the text alone: without types a file that does not exist can be asked about.
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
    ['libs/domain/src/license/license.ts', '#events'],
    ['libs/domain/src/license/license.ts', '#platform'],
    ['libs/domain/src/license/license.ts', '#events/store'],
    ['libs/domain/src/license/license.ts', '../../../events/src/event.ts'],
    ['libs/domain/src/license/license.ts', '@nestjs/common'],
    ['libs/domain/src/license/license.ts', 'pg'],
    ['libs/domain/src/license/license.ts', 'node:fs'],
    ['libs/domain/src/license/license.ts', 'node:fs/promises'],
    ['libs/domain/src/license/license.ts', 'http'],
    ['libs/domain/src/license/license.spec.ts', '#events'],
    ['libs/events/src/store/append.ts', '#domain'],
    ['libs/ids/src/index.ts', '#domain'],
    ['libs/ids/src/index.ts', '#events'],
    ['libs/events/src/store/append.ts', '#domain/license/license'],
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
    ['libs/domain/src/license/license.ts', '../shared/id.ts'],
    ['libs/domain/src/license/license.ts', 'semver'],
    ['libs/domain/src/keys/license-key.ts', 'node:crypto'],
    ['libs/events/src/store/append.ts', 'pg'],
    ['libs/events/src/store/append.ts', '#ids'],
    ['libs/domain/src/shared/id.ts', '#ids'],
    ['libs/events/src/store/append.ts', '../event.ts'],
    ['libs/platform/src/http/run.ts', '#events'],
    ['apps/licensing/src/licenses/licenses.ts', '#domain/license/license'],
    ['apps/licensing/src/licenses/licenses.ts', '#events'],
    ['apps/licensing/src/licenses/licenses.ts', '#platform'],
    ['apps/licensing/src/licenses/licenses.ts', '../products/product.table.ts'],
    ['apps/licensing/src/licenses/licenses.int.spec.ts', '../../../gateway/src/gateway.module.ts'],
    ['apps/keyledger/src/main.ts', '../../gateway/src/gateway.module.ts'],
  ])('%s may import %s', async (file, from) => {
    expect(await refused(file, from)).toEqual([]);
  });
});
