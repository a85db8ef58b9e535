/** Makes dist/libs/client the package as it is published: what swc has compiled, with its types and its package.json. */
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

const source = import.meta.dirname;
const root = join(source, '..', '..');
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', source], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
for (const file of ['package.json', 'LICENSE', 'README.md']) {
  copyFileSync(join(source, file), join(root, 'dist', 'libs', 'client', file));
}
