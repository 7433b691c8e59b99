import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { VERSION } from '../../src/version.ts';
import { aloneInstance } from '../support/test-instance.ts';

const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

it('docs/metrics.md has a row for every metric, and for no other', async () => {
  const rows = [...(await read('docs/metrics.md')).matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, names = '']) =>
    names.split(', '),
  );
  const { core, metrics } = aloneInstance();
  const text = await metrics.scrape(core.reading());
  const names = [...text.matchAll(/^# TYPE agentcast_(\w+)/gm)].map(([, name]) => `\`${name}\``);
  expect(rows.sort()).toEqual(names.sort());
});

it('the version that a server tells is that of the package', async () => {
  expect(VERSION).toBe((JSON.parse(await read('package.json')) as { version: string }).version);
});
