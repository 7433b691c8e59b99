/** Builds the client library into dist/client: one minified ES module, and its types. `npm run client:build` */
import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TARGET = join(ROOT, 'dist/client');
const SOURCE = join(ROOT, 'src/client');

/** As browsers of the last two years take it; gives the bytes of the module. */
async function bundle(code: string, outfile?: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: SOURCE, sourcefile: 'index.js', loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    write: false,
    sourcemap: outfile === undefined ? false : 'linked',
    outfile: outfile ?? 'index.js',
  });
  for (const { path, contents } of outfile === undefined ? [] : outputFiles) await writeFile(path, contents);
  return outputFiles.find(({ path }) => path.endsWith('.js'))?.contents ?? new Uint8Array();
}

/** The types of every module that the entry point reaches, as the compiler writes them, but with the names that all tools look for. */
async function declare(): Promise<void> {
  const types = join(TARGET, 'types');
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', types];
  await promisify(execFile)(tsc, ['-p', SOURCE, ...options]);
  for (const name of await readdir(types, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue;
    const path = join(types, name);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/(["'])(\.{1,2}\/[^"']*)\.ts\1/g, '$1$2.js$1'));
  }
  await writeFile(join(TARGET, 'index.d.ts'), "export * from './types/client/index.js';\n");
}

const sizes = (code: Uint8Array): string => `${code.length} bytes, ${gzipSync(code).length} with gzip`;

await rm(TARGET, { recursive: true, force: true });
await declare();
const whole = await bundle("export * from './index.ts';", join(TARGET, 'index.js'));
const connect = await bundle("export { connect } from './index.ts';");
process.stdout.write(`dist/client/index.js: ${sizes(whole)}; connect alone: ${sizes(connect)}\n`);
