import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { aloneInstance } from '../support/test-instance.ts';

it('README.md has a row for every metric, and for no other', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const section = /### Metrics\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? '';
  const rows = [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, names = '']) => names.split(', '));
  const { core, metrics } = aloneInstance();
  const text = await metrics.scrape(core.reading());
  const names = [...text.matchAll(/^# TYPE agentcast_(\w+)/gm)].map(([, name]) => `\`${name}\``);
  expect(rows.sort()).toEqual(names.sort());
});
