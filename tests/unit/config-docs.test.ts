import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { configTable } from '../../src/config.ts';

const BETWEEN_MARKERS = /<!-- config:start -->\n([\s\S]*?)\n<!-- config:end -->/;

it('docs/configuration.md holds the table of the configuration as the parser has it', async () => {
  const page = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  const table = BETWEEN_MARKERS.exec(page)?.[1]?.trim();
  // On failure: put the output of configTable() between the two markers.
  expect(table).toBe(configTable());
});
