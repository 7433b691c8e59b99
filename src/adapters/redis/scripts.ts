import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CommandClient } from './client.ts';

/** A Lua script and the name that Redis knows it by. */
export type Script = { readonly text: string; readonly sha: string };

const read = (file: string): string => readFileSync(new URL(`./lua/${file}`, import.meta.url), 'utf8');

function script(...files: string[]): Script {
  const text = files.map(read).join('\n');
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

export const scripts = {
  append: script('stream.lua', 'progress.lua', 'append.lua'),
  read: script('stream.lua', 'progress.lua', 'read.lua'),
  claim: script('claim.lua'),
  probe: script('stream.lua', 'probe.lua'),
  takePlace: script('take_place.lua'),
  lease: script('lease.lua'),
  hold: script('hold.lua'),
  leaseTokens: script('lease_tokens.lua'),
} as const;

export type ScriptCall = {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
  /** Sends the text at once, so that it never is sent a second time, behind what came after it. */
  readonly withText?: boolean;
};

/**
 * Loads the scripts on every new link, before anything else is asked on it: a call that Redis does not know is sent a
 * second time.
 */
export function keepLoaded(redis: CommandClient): void {
  redis.on('ready', () => {
    for (const { text } of Object.values(scripts)) {
      // Where it fails, each call still brings its script along.
      redis.script('LOAD', text).catch(() => {});
    }
  });
}

// The client has these, but does not declare them. (Its `callBuffer` loses the command's name when it pipelines.)
type BufferScripts = {
  evalshaBuffer(sha: string, keyCount: number, ...words: (string | number)[]): Promise<unknown>;
  evalBuffer(text: string, keyCount: number, ...words: (string | number)[]): Promise<unknown>;
};

/** Runs a script by its name, and with its text where Redis does not know it. Strings come back as buffers. */
export async function runScript(
  redis: CommandClient,
  { text, sha }: Script,
  { keys, args, withText = false }: ScriptCall,
): Promise<unknown> {
  const client = redis as unknown as BufferScripts;
  if (withText) return client.evalBuffer(text, keys.length, ...keys, ...args);
  try {
    return await client.evalshaBuffer(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return client.evalBuffer(text, keys.length, ...keys, ...args);
  }
}
