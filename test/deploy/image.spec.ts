import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { workspaces: string[] };
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

describe('the image', () => {
  // npm ci installs nothing for a workspace whose folder is missing, and reports no error.
  it.each(workspaces)('is built with the dependencies of the workspace %s', (workspace) => {
    const [beforeInstall = ''] = dockerfile.split('RUN npm ci');
    expect(beforeInstall).toContain(`\nCOPY ${workspace}/package.json ${workspace}/\n`);
  });
});
