import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually } from './fault-stage.ts';
import { plainGet } from './http-answer.ts';
import type { ServerProcess } from './server-process.ts';

/** What a process holds can be read from outside on Linux only. */
export const cannotReadProcesses = process.platform !== 'linux';

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

/** How many sockets a process has open, of all kinds. */
export function openSockets(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) =>
    targetOf(`/proc/${pid}/fd/${fd}`).startsWith('socket:'),
  ).length;
}

function targetOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed between the list and the look.
    return '';
  }
}

/** What lives on the heap of a server: bytes of data, without compiled code, and how many objects of a class. */
export type LiveHeap = { readonly bytes: number; countOf(className: string): number };

/** Looks at the heap of a server on Node. */
export class HeapScope {
  /** What the server needs in its environment. */
  readonly env: Record<string, string>;
  readonly #directory = mkdtempSync(join(tmpdir(), 'agentcast-heap-'));

  constructor() {
    this.env = { NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${this.#directory}` };
    onTestFinished(() => rmSync(this.#directory, { recursive: true, force: true }));
  }

  /** Has the server collect its garbage and tell what is left. */
  async look(server: ServerProcess): Promise<LiveHeap> {
    // The first collection leaves what has a finalizer; the second finds that done.
    await this.#snapshot(server);
    return readSnapshot(await this.#snapshot(server));
  }

  async #snapshot(server: ServerProcess): Promise<string> {
    server.signal('SIGUSR2');
    const files = () => readdirSync(this.#directory);
    await eventually('a heap snapshot is begun', () => files().length > 0);
    // It is written in one go: whoever is answered is answered behind it.
    await plainGet(`${server.url}/healthz`);
    const path = join(this.#directory, files()[0] ?? '');
    const text = readFileSync(path, 'utf8');
    rmSync(path);
    return text;
  }
}

type Snapshot = {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[]];
    };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
};

/** What the engine makes of the code as it runs, which goes on for long: no data. */
const CODE: ReadonlySet<string> = new Set(['code', 'hidden', 'object shape']);

function readSnapshot(text: string): LiveHeap {
  const { snapshot, nodes, strings } = JSON.parse(text) as Snapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const field = (at: number, name: string): number => nodes[at + fields.indexOf(name)] ?? 0;
  const counts = new Map<string, number>();
  let bytes = 0;
  for (let at = 0; at < nodes.length; at += fields.length) {
    const type = types[0][field(at, 'type')] ?? '';
    if (!CODE.has(type)) bytes += field(at, 'self_size');
    const name = strings[field(at, 'name')] ?? '';
    if (type === 'object') counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return { bytes, countOf: (className) => counts.get(className) ?? 0 };
}
