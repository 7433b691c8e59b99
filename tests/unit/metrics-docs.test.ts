import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { aloneInstance } from '../support/test-instance.ts';

it('docs/metrics.md has a row for every metric, and for no other', async () => {
  const page = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, names = '']) => names.split(', '));
  const { core, metrics } = aloneInstance();
  const text = await metrics.scrape(core.reading());
  const names = [...text.matchAll(/^# TYPE agentcast_(\w+)/gm)].map(([, name]) => `\`${name}\``);
  expect(rows.sort()).toEqual(names.sort());
});
