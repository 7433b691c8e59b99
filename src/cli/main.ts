import process from 'node:process';
import { runCommandLine } from './program.ts';
import { processShell } from './shell.ts';

await runCommandLine(process.argv.slice(2), processShell());
