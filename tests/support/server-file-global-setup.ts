import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import { build } from 'esbuild';
import { SERVER_FILE } from './server-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Below `node_modules`, from where the packages are found. */
const FOLDER = join(ROOT, 'node_modules/.cache/agentcast');

/** Each module still knows where it lies: one reads files from beside it. */
const knowingTheirPlace: Plugin = {
  name: 'import.meta.url',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const code = await readFile(path, 'utf8');
      const place = JSON.stringify(pathToFileURL(path).href);
      return { loader: 'ts', contents: code.replaceAll('import.meta.url', place) };
    });
  },
};

let building: Promise<string> | null = null;

/**
 * The server for Node in one file, made once for all tests by what tsx makes it with at every start. From it a start takes a
 * third of the CPU time (0.3 s in place of 0.8 s), and there are more than a hundred of them.
 */
export default async function provideServerFile(): Promise<() => Promise<void>> {
  building ??= buildServer();
  const file = await building;
  process.env[SERVER_FILE] = file;
  return () => rm(file, { force: true });
}

async function buildServer(): Promise<string> {
  const outfile = join(FOLDER, `server-${process.pid}.mjs`);
  await mkdir(FOLDER, { recursive: true });
  await build({
    entryPoints: [join(ROOT, 'src/main.node.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins: [knowingTheirPlace],
  });
  return outfile;
}
