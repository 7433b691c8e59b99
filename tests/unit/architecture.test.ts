import { readdirSync, readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** What the files of one folder of src may import; `packages: 'any'` allows every package and node builtin. */
interface Layer {
  folders: readonly string[];
  packages: readonly string[] | 'any';
  /** Folders of which it may import types alone. */
  typesOf?: readonly string[];
}

/**
 * protocol <- core <- adapters. A new folder of src needs a line here. The files directly in src put the parts
 * together: they may import all of them, but no entry point.
 */
const LAYERS: Record<string, Layer> = {
  protocol: { folders: ['protocol'], packages: ['valibot'] },
  // The documents, from the schemas of the protocol: as pure as they are.
  contracts: { folders: ['contracts', 'protocol'], packages: ['valibot', '@valibot/to-json-schema'] },
  config: { folders: ['config', 'protocol'], packages: ['valibot'] },
  core: { folders: ['core', 'protocol'], packages: [] },
  routes: { folders: ['routes', 'contracts', 'core', 'protocol'], packages: ['hono', 'valibot'] },
  adapters: { folders: ['adapters', 'core', 'protocol'], packages: 'any' },
  // What browsers load: of the protocol it takes what leaves nothing behind.
  client: { folders: ['client', 'protocol'], packages: [], typesOf: ['protocol'] },
  // The page: of the server it knows no more than the client library.
  dashboard: { folders: ['dashboard', 'client'], packages: [] },
  // A client and a worker of the platform, played from outside: they sign as the server checks.
  demo: { folders: ['', 'demo', 'client', 'adapters', 'protocol'], packages: 'any' },
  // The command line starts servers and the demo, and is a client and a worker besides.
  cli: {
    folders: ['', 'cli', 'contracts', 'demo', 'client', 'config', 'adapters', 'protocol'],
    packages: 'any',
  },
};

const PURE_FOLDERS = ['protocol', 'contracts', 'core'];

/** Time, chance, output and the process come in through ports: with them a test can hold still what it tests. */
const IMPURE =
  /(?<![\w.$])(?:Date\.now\b|(?:new )?Date\(\s*\)|performance\.|set(?:Timeout|Interval|Immediate)\b|queueMicrotask\b|process\.|Deno\.|console\.|globalThis\b|Math\.random\b|crypto\.(?:randomUUID|getRandomValues)\b)/g;

const SKIPPED = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;
const IMPORT = /\b(?:from|import)\s*\(?\s*(?:'([^']+)'|"([^"]+)")/g;

/** The code alone: comments blanked, and strings too unless they are asked for; every line keeps its number. */
function codeOf(source: string, keep: { strings: boolean }): string {
  return source.replace(SKIPPED, (piece) => {
    const isComment = piece.startsWith('/');
    const holdsCode = piece.startsWith('`');
    return isComment || !(keep.strings || holdsCode) ? piece.replace(/[^\n]/g, ' ') : piece;
  });
}

/** Every broken rule of one file, as `path:line: rule`; `path` is relative to src. */
function violations(path: string, source: string): string[] {
  const found: string[] = [];
  const report = (index: number, rule: string): void => {
    found.push(`src/${path}:${source.slice(0, index).split('\n').length}: ${rule}`);
  };
  for (const match of codeOf(source, { strings: true }).matchAll(IMPORT)) {
    const rule = brokenImport(path, match[1] ?? match[2] ?? '');
    if (rule !== null) report(match.index, rule);
    else if (needsType(path, match[1] ?? '') && !isOfTypes(source.slice(0, match.index)))
      report(match.index, `${folderOf(path)} may import types alone from ${match[1]}`);
  }
  if (PURE_FOLDERS.includes(folderOf(path))) {
    for (const match of codeOf(source, { strings: false }).matchAll(IMPURE)) {
      report(match.index, `${folderOf(path)} is pure: take a port instead of ${match[0]}`);
    }
  }
  return found;
}

function brokenImport(path: string, specifier: string): string | null {
  const folder = folderOf(path);
  const layer = LAYERS[folder];
  if (!specifier.startsWith('.')) {
    if (folder === '' || layer?.packages === 'any' || layer?.packages.includes(packageOf(specifier)))
      return null;
    const allowed = layer?.packages.length ? layer.packages.join(', ') : 'no package and no builtin';
    return `${folder} may import ${allowed}, not ${specifier}`;
  }
  const target = posix.join(dirname(path), specifier);
  if (/^main\./.test(target)) return `nobody imports an entry point, not even ${specifier}`;
  if (folder === '' || layer?.folders.includes(folderOf(target))) return null;
  return `${folder} may import from ${layer?.folders.join(', ')}, not ${specifier}`;
}

function needsType(path: string, specifier: string): boolean {
  const target = folderOf(posix.join(dirname(path), specifier));
  return specifier.startsWith('.') && (LAYERS[folderOf(path)]?.typesOf?.includes(target) ?? false);
}

/** Whether the import or export that the code ends in is of types. */
function isOfTypes(code: string): boolean {
  const last = [...code.matchAll(/^(?:import|export)\b( type\b)?/gm)].at(-1);
  return last?.[1] !== undefined;
}

/** The first folder of a path below src; empty for a file directly in src. */
function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

function packageOf(specifier: string): string {
  const depth = specifier.startsWith('@') ? 2 : 1;
  return specifier.split('/').slice(0, depth).join('/');
}

const src = fileURLToPath(new URL('../../src', import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts'));

describe('architecture', () => {
  test('every folder of src has its line in LAYERS', () => {
    const folders = new Set(files.map(folderOf).filter((folder) => folder !== ''));
    expect([...folders].filter((folder) => !(folder in LAYERS))).toEqual([]);
  });

  test('protocol <- core <- adapters, and protocol and core are pure', () => {
    expect(files.length).toBeGreaterThan(0);
    const all = files.flatMap((path) => violations(path, readFileSync(`${src}/${path}`, 'utf8')));
    expect(all, all.join('\n')).toEqual([]);
  });
});

describe('the guard itself', () => {
  test.each([
    ['core/feed.ts', "import { Redis } from 'ioredis';", 'may import no package'],
    ['core/feed.ts', "import type { Server } from 'node:http';", 'node:http'],
    ['core/feed.ts', "export { keys } from '../adapters/redis/keys.ts';", '../adapters/redis/keys.ts'],
    ['core/feed.ts', "import { config } from '../config.ts';", '../config.ts'],
    [
      'core/ports/clock.ts',
      "const late = await import('../../adapters/system/clock.ts');",
      'adapters/system',
    ],
    ['protocol/ids.ts', "import { feed } from '../core/feed.ts';", 'protocol may import from protocol'],
    ['routes/agents.ts', "import { createEngine } from '../adapters/memory/engine.ts';", 'routes may import'],
    ['routes/agents.ts', "import { serve } from '@hono/node-server';", '@hono/node-server'],
    ['adapters/memory/engine.ts', "import '../../routes/agents.ts';", 'adapters may import'],
    ['app.ts', "import './main.node.ts';", 'entry point'],
    ['client/publisher/batch.ts', "import { passes } from '../../protocol/filters.ts';", 'types alone'],
    ['client/filters.ts', "import { show } from '../adapters/show.ts';", 'client may import from'],
    ['core/feed.ts', 'const now = Date.now();', 'Date.now'],
    ['core/feed.ts', 'const now = new Date();', 'new Date()'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is in the code to judge
    ['core/feed.ts', 'const id = `c-${crypto.randomUUID()}`;', 'crypto.randomUUID'],
    ['core/feed.ts', 'setTimeout(run, 5);', 'setTimeout'],
    ['protocol/ids.ts', 'if (process.env.HOST) console.log(1);', 'process.'],
  ])('refuses in %s: %s', (path, code, rule) => {
    const [first] = violations(path, `\n// a line before\n${code}\n`);
    expect(first).toContain(`src/${path}:3: `);
    expect(first).toContain(rule);
  });

  test.each([
    ['core/feed.ts', "import type { Priority } from '../protocol/events.ts';"],
    ['client/filters.ts', "import type { Filters } from '../protocol/filters.ts';"],
    ['protocol/ids.ts', "import * as v from 'valibot';"],
    ['routes/agents.ts', "import { HTTPException } from 'hono/http-exception';"],
    ['adapters/redis/client.ts', "import { Redis } from 'ioredis';\nimport { readFileSync } from 'node:fs';"],
    ['main.node.ts', "import { startApp } from './app.ts';\nsetTimeout(stop, 5);"],
    [
      'core/feed.ts',
      '// Date.now() would tie us\n/* process.env */ clock.now(); const text = "console.log(1)";',
    ],
    ['core/feed.ts', 'new Date(milliseconds).toISOString(); clock.setTimeout(run); subprocess.kill();'],
  ])('allows in %s: %s', (path, code) => {
    expect(violations(path, code)).toEqual([]);
  });
});
