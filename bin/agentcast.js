#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

// As `node --import tsx` does, but in this process, so that signals and the exit status need no relay; and by our own
// tsconfig.json, not by one of the folder that somebody happens to be in.
register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) });
await import('../src/cli/main.ts');
