import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Running, TransportRig } from '../support/transport-rig.ts';
import { attackSuite } from './transport-attacks.suite.ts';
import { httpSuite } from './transport-http.suite.ts';
import { socketSuite } from './transport-socket.suite.ts';
import { upgradeSuite } from './transport-upgrade.suite.ts';

/**
 * What the transport owes the core, whichever runtime it runs on.
 *
 * @param start runs `tests/support/transport-fixture.ts`
 */
export function transportSuite(runtime: string, start: () => Promise<Running>): void {
  describe(`transport on ${runtime}`, () => {
    const rig = new TransportRig('');
    let running: Running;
    let witness: WebSocket;

    beforeAll(async () => {
      running = await start();
      rig.url = running.url;
      witness = await connectWitness(rig.url);
    });

    afterAll(async () => {
      witness.terminate();
      await running.stop();
    });

    // Whatever a test did to the server, its neighbour on the same server notices nothing.
    afterEach(async () => {
      rig.reset();
      await expectEcho(witness);
    });

    httpSuite(rig);
    upgradeSuite(rig);
    socketSuite(rig);
    attackSuite(rig);

    test('every connection was opened or aborted, and closed once', async () => {
      for (const entries of await rig.journals()) {
        const count = (prefix: string) => entries.filter((entry) => entry.startsWith(prefix)).length;
        expect(count('open') + count('aborted'), entries.join()).toBeLessThanOrEqual(1);
        expect(count('closed'), entries.join()).toBeLessThanOrEqual(count('open'));
        if (count('closed') > 0) expect(entries.at(-1)).toMatch(/^closed/);
      }
    });
  });

  closeSuite(runtime, start);
  lateRequestSuite(runtime, start);
}

function closeSuite(runtime: string, start: () => Promise<Running>) {
  test(`transport on ${runtime}: close() cuts what is open, lets answers finish, leaves nothing running`, async () => {
    const running = await start();
    const rig = new TransportRig(running.url);
    try {
      const silent = await rig.raw();
      const keptAlive = await rig.raw();
      keptAlive.request('GET /plain');
      await keptAlive.until('plain');
      const open = await rig.rawSocket('open');
      const [refused, accepted] = [await rig.raw(), await rig.raw()];
      refused.request('GET /slow?id=refused', { upgrade: true });
      await rig.journal('refused', 'waiting');
      accepted.request('GET /ws?id=accepted&gated', { upgrade: true });
      await rig.journal('accepted', 'waiting');
      const answer = rig.get('/slow?id=slow');
      await rig.journal('slow', 'waiting');

      await fetch(`${rig.url}/stop?release=slow&release=refused&release=accepted`, { method: 'POST' });
      await Promise.all([silent, keptAlive, open, refused, accepted].map((raw) => raw.over));
      expect(refused.text()).toMatch(/^HTTP\/1\.1 200 [\s\S]*slow$/);
      expect(await (await answer).text()).toBe('slow');
      const { code, output } = await running.exited();
      expect(code).toBe(0);
      expect(output).toContain('\nclosed');
    } finally {
      rig.reset();
      await running.stop();
    }
  });
}

function lateRequestSuite(runtime: string, start: () => Promise<Running>) {
  test(`transport on ${runtime}: what has arrived before the end is answered, also where the loop stood still`, async () => {
    const running = await start();
    const rig = new TransportRig(running.url);
    const folder = await mkdtemp(join(tmpdir(), 'agentcast-transport-'));
    const file = join(folder, 'go-on');
    try {
      const keptAlive = await rig.raw();
      keptAlive.request('GET /plain');
      await keptAlive.until('plain');
      const fresh = await rig.raw();
      await fetch(`${rig.url}/stop?standStillUntil=${encodeURIComponent(file)}`, { method: 'POST' });
      await running.says('standing still');
      for (const raw of [keptAlive, fresh]) raw.request('GET /bindings');
      const unaccepted = await rig.raw();
      unaccepted.request('GET /plain');
      await writeFile(file, '');
      await Promise.all([keptAlive, fresh].map((raw) => raw.until('remoteAddress')));
      await unaccepted.until('plain');
    } finally {
      rig.reset();
      await running.stop();
      await rm(folder, { recursive: true });
    }
  });
}

async function connectWitness(url: string): Promise<WebSocket> {
  const client = new WebSocket(`${url.replace('http', 'ws')}/ws?id=witness`);
  await once(client, 'open');
  return client;
}

let echoes = 0;

async function expectEcho(client: WebSocket) {
  echoes += 1;
  const word = `witness-${echoes}`;
  client.send(word);
  const [answer] = await once(client, 'message', { signal: AbortSignal.timeout(5_000) });
  expect(String(answer)).toBe(word);
}
