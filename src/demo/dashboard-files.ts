import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const SOURCE = new URL('../dashboard/', import.meta.url);

/** A file of the page, by its name. */
export type PageFile = { readonly name: string; readonly type: string; readonly body: string };

/**
 * The dashboard page as static files: its script in one piece, for browsers of the last two years.
 * @throws where esbuild is not there, or does not run
 */
export async function dashboardFiles(): Promise<readonly PageFile[]> {
  // Loaded here alone: the demo shows the rest without it.
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('main.ts', SOURCE))],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  const asIs = (name: string): Promise<string> => readFile(new URL(name, SOURCE), 'utf8');
  return [
    { name: 'index.html', type: 'text/html; charset=utf-8', body: await asIs('index.html') },
    { name: 'style.css', type: 'text/css; charset=utf-8', body: await asIs('style.css') },
    {
      name: 'main.js',
      type: 'text/javascript; charset=utf-8',
      body: outputFiles.map(({ text }) => text).join(''),
    },
  ];
}
