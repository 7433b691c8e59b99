import { mkdir, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { dashboardFiles } from './dashboard-files.ts';

const TARGET = new URL('../../dist/dashboard/', import.meta.url);

await mkdir(TARGET, { recursive: true });
for (const { name, body } of await dashboardFiles()) await writeFile(new URL(name, TARGET), body);
process.stdout.write(
  'dist/dashboard has the page; serve it with a session.json beside it: {"url":"wss://…","token":"…"}\n',
);
