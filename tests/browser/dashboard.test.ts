import { afterAll, afterEach, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { dashboardFiles } from '../../src/demo/dashboard-files.ts';
import { floodEvents } from '../../src/demo/flood.ts';
import type { Browser } from '../support/chromium.ts';
import { startChromium } from '../support/chromium.ts';
import { noChromium } from '../support/chromium-installation.ts';
import { freePort } from '../support/free-port.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { startServer } from '../support/server-process.ts';
import type { Tab } from '../support/tab.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { servePage } from './page-server.ts';
import { note, notes, publishTo, type Report, status, step, upTo } from './reports.ts';

const LIVE = `document.querySelector('#state').dataset.state === 'live'`;
const click = (selector: string): string => `document.querySelector('${selector}').click()`;
const shows = (text: string): string => `document.body.innerText.includes(${JSON.stringify(text)})`;

/** The numbers in the list of events that are in sight, in rising order. */
const NUMBERS = `[...document.querySelectorAll('#events li[data-sequence-id]:not([hidden])')]
  .map((row) => Number(row.dataset.sequenceId)).reverse()`;
const has = (last: number): string => `${NUMBERS}.join() === '${upTo(last).join()}'`;

describe.skipIf(noChromium !== null)(
  `the dashboard page${noChromium === null ? '' : `: ${noChromium}`}`,
  () => {
    const redisUrl = inject('redisUrl');
    let browser: Browser;
    let server: ServerProcess;
    let port: number;
    let files: Awaited<ReturnType<typeof dashboardFiles>>;
    let tab: Tab;
    let user: string;
    let expectedErrors = 0;

    const start = (): Promise<ServerProcess> =>
      startServer({ runtime: 'node', redisUrl, env: { PORT: String(port), WS_DRAIN_TIMEOUT: '1s' } });

    beforeAll(async () => {
      port = await freePort();
      [browser, server, files] = await Promise.all([startChromium(), start(), dashboardFiles()]);
    });
    afterAll(async () => {
      await browser?.close();
      await server?.stop();
    });
    afterEach(() => {
      if (expectedErrors === 0) expect(tab.errors).toEqual([]);
      expectedErrors = 0;
    });

    /** The page of a user of its own, live. */
    async function open(earlier: Report[] = []): Promise<void> {
      user = newUser();
      await publish(...earlier);
      const session = async () => ({ url: server.wsUrl, token: await tokenFor(user) });
      const page = await servePage({
        files,
        session,
        flood: () => publish(...floodEvents()),
        connectTo: [server.wsUrl, server.url],
      });
      onTestFinished(() => page.stop());
      tab = await browser.open(page.url);
      await tab.until(LIVE);
    }

    const publish = (...reports: Report[]): Promise<void> => publishTo(server.url, user, reports);

    test('shows events as they come, as text and never as HTML', async () => {
      await open();
      const evil = '<img src=x onerror="document.title=1"><b>bold</b>';
      await publish(status('idle', 'working'), note('coder', evil), note(`writer`, 'hello'));
      await tab.until(has(3));
      expect(await tab.evaluate(shows(evil))).toBe(true);
      expect(await tab.evaluate(`document.querySelectorAll('img, b').length`)).toBe(0);
      expect(await tab.evaluate(`document.querySelector('[data-agent=coder]').innerText`)).toMatch(
        /coder\s+working\s+shop\s+now working/,
      );
    });

    test('stays bounded, however many agents there are and however long their messages, and says what it leaves out', async () => {
      const crowd = upTo(210).map((n) => note(`agent-${n}`, 'x'.repeat(n % 100 === 0 ? 20_000 : 10)));
      await open(crowd);
      await tab.until(`document.querySelectorAll('#events li[data-sequence-id]').length === 210`);
      expect(await tab.evaluate(`document.querySelectorAll('.card').length`)).toBe(200);
      expect(await tab.evaluate(shows('There are more agents than these 200'))).toBe(true);
      const longest = `Math.max(...[...document.querySelectorAll('#events li')].map((row) => row.innerText.length))`;
      expect(await tab.evaluate(longest)).toBeLessThan(600);
    });

    test('progress moves on smoothly, never back, and a task that begins again has a bar of its own', async () => {
      await open();
      await publish(status('idle', 'working'));
      await tab.until(has(1));
      await tab.evaluate(`(() => {
      globalThis.widths = [];
      const look = () => {
        const fill = document.querySelector('[data-agent=coder] .bar > div');
        globalThis.widths.push(fill.getBoundingClientRect().width);
        requestAnimationFrame(look);
      };
      look();
    })()`);
      for (let current = 1; current <= 16; current++) await publish(step(current));
      const isAt = (percent: number): string =>
        `document.querySelector('[data-agent=coder] .bar').ariaValueNow === '${percent}'`;
      await tab.until(isAt(80));
      await tab.until(`(() => { const fill = document.querySelector('[data-agent=coder] .bar > div');
      return Math.abs(fill.getBoundingClientRect().width / fill.parentElement.clientWidth - 0.8) < 0.01; })()`);
      const widths = await tab.evaluate<number[]>('globalThis.widths');
      expect(widths).toEqual(widths.toSorted((one, other) => one - other));
      // Smooth: many more places than there were updates.
      expect(new Set(widths).size).toBeGreaterThan(16);
      await publish(status('working', 'failed'), status('failed', 'working'), step(1));
      await tab.until(isAt(5));
    });

    test('a cut loses nothing, and says what it does', async () => {
      await open();
      await publish(...notes(5));
      await tab.until(has(5));
      await tab.evaluate(click('#cut'));
      await tab.until(shows('the connection was cut'));
      await publish(...notes(20));
      expect(await tab.evaluate(has(5))).toBe(true);
      await tab.evaluate(click('#cut'));
      await tab.until(has(25));
      await tab.until(`${LIVE} && ${shows('Replay: what came after number 5.')}`);
      expect(await tab.evaluate(shows('Replay done: 20 events, live after number 25.'))).toBe(true);
      expect(await tab.evaluate(`document.querySelectorAll('.gap').length`)).toBe(0);
    });

    test('a restart of the server loses nothing', async () => {
      // The browser itself reports each attempt that fails meanwhile.
      expectedErrors = 1;
      await open();
      await publish(...notes(5));
      await tab.until(has(5));
      server.signal('SIGTERM');
      await server.exited;
      await tab.until(`!(${LIVE})`);
      server = await start();
      await publish(...notes(5));
      await tab.until(`${LIVE} && ${has(10)}`, 20_000);
      expect(await tab.evaluate(`document.querySelectorAll('.gap').length`)).toBe(0);
      expect(tab.errors.filter((error) => !error.includes('"source":"network"'))).toEqual([]);
    });

    test('a flood is shed by priority, said in words, and comes later', async () => {
      await open();
      await tab.evaluate(click('#flood'));
      const done = `document.querySelector('[data-agent=flood]')?.dataset.status === 'completed'`;
      await tab.until(`${done} && ${shows('shed by the server, lowest priority first')}`);
      const figure = (label: string): string =>
        `Number([...document.querySelectorAll('#counters div')].find(({ firstChild }) => firstChild.textContent === '${label}').lastChild.textContent)`;
      await tab.until(`${figure('recovered')} === ${figure('shed')} && ${figure('events')} === 702`);
      expect(await tab.evaluate(figure('shed'))).toBeGreaterThan(0);
      // The newest of them, each at its place, though most of them came late.
      const numbers = await tab.evaluate<number[]>(NUMBERS);
      expect(numbers).toEqual(upTo(702).slice(-numbers.length));
    });

    test('filters by agent and type, by keyboard too', async () => {
      await open();
      await publish(note('coder', 'one'), note('writer', 'two'), status('idle', 'working'));
      await tab.until(has(3));
      await tab.evaluate(`document.querySelector('#agent-filter input[value=coder]').focus()`);
      await tab.press('space');
      await tab.until(`${NUMBERS}.join() === '1,3'`);
      await tab.evaluate(click('#type-filter input[value=NOTE]'));
      await tab.until(`${NUMBERS}.join() === '1'`);
      expect(await tab.evaluate(`document.querySelector('[data-agent=writer]').hidden`)).toBe(true);
      await tab.until(shows('In force from now on: agents coder; types NOTE.'));
      await publish(note('writer', 'not wanted'), status('working', 'stuck'), note('coder', 'wanted'));
      await tab.until(`${NUMBERS}.join() === '1,6'`);
      // What was filtered out did not come at all.
      await tab.evaluate(`document.querySelectorAll('input:checked').forEach((box) => box.click())`);
      await tab.until(`${NUMBERS}.join() === '1,2,3,6'`);
    });
  },
);
