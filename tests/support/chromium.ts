import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { WebSocket } from 'ws';
import { findChromium } from './chromium-installation.ts';
import { DevTools } from './dev-tools.ts';
import { eventually } from './fault-stage.ts';
import { startOwned } from './owned-process.ts';
import { Tab } from './tab.ts';

export type Browser = {
  /** Opens a page in a tab of its own, which shares nothing with others. */
  open(url: string): Promise<Tab>;
  close(): Promise<void>;
};

const START_WITHIN_MS = 30_000;

const ARGUMENTS = [
  '--headless=new',
  '--remote-debugging-port=0',
  '--no-first-run',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--mute-audio',
  '--window-size=1280,900',
];

/** Starts a headless Chromium with a profile of its own, driven through its DevTools protocol. */
export async function startChromium(): Promise<Browser> {
  const program = findChromium();
  if (program === null) throw new Error('no chromium on PATH');
  const profile = await mkdtemp(join(tmpdir(), 'agentcast-chromium-'));
  // Its sandbox takes rights that root in a container has not; the pages here are our own.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const args = [...ARGUMENTS, ...sandbox, `--user-data-dir=${profile}`, 'about:blank'];
  const running = await startOwned(program, args, { env: { ...inherited(), HOME: profile } });
  const close = async (): Promise<void> => {
    await running.end();
    // Children of it may write for a moment yet.
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    const devTools = await connectTo(profile, running.output);
    return { open: (url) => Tab.open(devTools, url), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Chromium says where to find it in a file of its profile. */
async function connectTo(profile: string, describe: () => string): Promise<DevTools> {
  let address = '';
  const isThere = async (): Promise<boolean> => {
    const text = await readFile(join(profile, 'DevToolsActivePort'), 'utf8').catch(() => '');
    const [port, path] = text.split('\n');
    address = path ? `ws://127.0.0.1:${port}${path}` : '';
    return address !== '';
  };
  await eventually('chromium can be driven', isThere, { withinMs: START_WITHIN_MS, describe });
  const socket = new WebSocket(address, { maxPayload: 64 * 1024 * 1024 });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return new DevTools(socket);
}

const inherited = (): Record<string, string> => ({ PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' });
