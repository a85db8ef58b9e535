/**
 * Makes dist/libs/client the package to publish: the JavaScript that swc has compiled, type declarations, and a package.json
 * without the entries for this repository: `private`, which keeps the sources from being published, and the condition `source`.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const source = import.meta.dirname;
const root = join(source, '..', '..');
const target = join(root, 'dist', 'libs', 'client');

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', source], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
delete manifest.private;
for (const entry of Object.values(manifest.exports)) delete entry.source;
writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
for (const file of ['LICENSE', 'README.md']) copyFileSync(join(source, file), join(target, file));
