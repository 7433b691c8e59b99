import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const documents = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const FOLDERS = ['bench', 'deploy', 'docs', 'k6', 'src'].filter((folder) => existsSync(join(ROOT, folder)));
const pages = ['README.md', ...FOLDERS.flatMap(pagesOf)];

/** The markdown files in a folder of this repository and below it. */
function pagesOf(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  // What a bench installs beside itself has pages of its own.
  const own = names.filter((name) => name.endsWith('.md') && !name.includes('node_modules'));
  return own.map((name) => join(folder, name));
}

/** The targets of a page's links and pictures that lead into this repository. */
function linksOf(text: string): string[] {
  const found = [...text.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(
    ([, link, image]) => link ?? image ?? '',
  );
  return found.filter((target) => !/^[a-z]+:/.test(target));
}

/** The files that a page links to, from the root of this repository. */
const targetsOf = (page: string): string[] =>
  linksOf(read(page)).map((target) => join(dirname(page), target.split('#')[0] ?? ''));

/** The anchors of a page's headings, as GitHub makes them. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/ /g, '-'),
  );

test.each(pages)('%s: every link leads somewhere', (page) => {
  const broken = linksOf(read(page)).filter((target) => {
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? page : join(dirname(page), file);
    return !existsSync(join(ROOT, path)) || (anchor && !anchorsOf(read(path)).includes(anchor));
  });
  expect(broken).toEqual([]);
});

test.each(pages)('%s: every npm script that it names is there', (page) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read(page).matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

describe('README.md', () => {
  const readme = read('README.md');

  test('links to every document', () => {
    const linked = linksOf(readme);
    expect(documents.filter((name) => !linked.includes(`docs/${name}`))).toEqual([]);
  });

  test('shows examples as they are, and every example is shown or linked somewhere', () => {
    const shown = [...readme.matchAll(/<!-- (examples\/\S+) -->\n```\w+\n([\s\S]*?)```\n/g)];
    for (const [, path = '', code] of shown) expect(code, path).toBe(read(path));
    const known = [...shown.map(([, path]) => path), ...pages.flatMap(targetsOf)];
    // Python puts a folder of its own beside them.
    const files = readdirSync(join(ROOT, 'examples')).filter((name) => name !== '__pycache__');
    const examples = files.map((name) => `examples/${name}`);
    expect(examples.filter((example) => !known.includes(example))).toEqual([]);
  });

  test('has every guarantee, each with tests that name it', () => {
    const rows = [...readme.matchAll(/^\| \*\*(G\d+)\*\* \| .+ \| (.+) \|$/gm)];
    expect(rows.map(([, name]) => name)).toEqual(Array.from({ length: 12 }, (_, index) => `G${index + 1}`));
    for (const [, name, proofs = ''] of rows) {
      expect(linksOf(proofs), name).not.toEqual([]);
      for (const path of linksOf(proofs)) expect(read(path), path).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });
});
