/**
 * `node --import ./tools/run-sources.mjs --conditions=source FILE.ts` runs TypeScript without a build. Each file is compiled as it is
 * loaded, with the compiler and the options of `npm run build`. Node's own type stripping is not enough: it handles neither the
 * decorators nor the parameter properties that Nest's classes use.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const options = JSON.parse(readFileSync(new URL('../.swcrc', import.meta.url), 'utf8'));
delete options.$schema;
options.jsc.rewriteRelativeImportExtensions = false;

registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith('.ts')) return nextLoad(url, context);
    const filename = fileURLToPath(url);
    const source = readFileSync(filename, 'utf8');
    const { code } = transformSync(source, { ...options, filename, swcrc: false, sourceMaps: 'inline' });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
