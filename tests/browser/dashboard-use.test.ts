import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { dashboardFiles } from '../../src/demo/dashboard-files.ts';
import { TellingSocket } from '../../src/demo/telling-socket.ts';
import type { Browser } from '../support/chromium.ts';
import { startChromium } from '../support/chromium.ts';
import { noChromium } from '../support/chromium-installation.ts';
import { freePort } from '../support/free-port.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { startServer } from '../support/server-process.ts';
import type { Tab } from '../support/tab.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { CONTRASTS, FOCUSED, READABLE, WATCH_SHIFTS } from './looking.ts';
import { servePage } from './page-server.ts';
import { note, publishTo, type Report, status, step, upTo } from './reports.ts';

const LIVE = `document.querySelector('#state').dataset.state === 'live'`;
const click = (selector: string): string => `document.querySelector('${selector}').click()`;
const shows = (text: string): string => `document.body.innerText.includes(${JSON.stringify(text)})`;
const PHONE = { width: 360, height: 740, isPhone: true } as const;
const DESKTOP = { width: 1280, height: 900 } as const;

describe.skipIf(noChromium !== null)(
  `using the dashboard page${noChromium === null ? '' : `: ${noChromium}`}`,
  () => {
    let browser: Browser;
    let server: ServerProcess;
    let page: Awaited<ReturnType<typeof servePage>>;
    let tab: Tab;
    let user: string;
    let secret: string | undefined;

    beforeAll(async () => {
      const pagePort = await freePort();
      // The page's own origin, and one connection for each user.
      const env = { WS_ALLOWED_ORIGINS: `http://127.0.0.1:${pagePort}`, WS_MAX_CONNECTIONS_PER_USER: '1' };
      const [started, listening, files] = await Promise.all([
        startChromium(),
        startServer({ runtime: 'node', env }),
        dashboardFiles(),
      ]);
      browser = started;
      server = listening;
      page = await servePage({
        files,
        port: pagePort,
        session: async () => ({ url: server.wsUrl, token: await tokenFor(user, {}, secret) }),
        flood: async () => {},
        connectTo: [server.wsUrl, server.url],
      });
    });
    afterAll(async () => {
      await browser?.close();
      await page?.stop();
      await server?.stop();
    });

    const publish = (...reports: Report[]): Promise<void> => publishTo(server.url, user, reports);

    /** The page of the user. */
    async function open(until = LIVE): Promise<void> {
      const opened = await browser.open(page.url);
      onTestFinished(() => opened.close());
      tab = opened;
      await tab.until(until, 20_000);
    }

    /** A page with something of everything on it. */
    async function openBusy(view: Parameters<Tab['view']>[0]): Promise<void> {
      user = newUser();
      await open();
      await tab.view(view);
      const states = ['working', 'stuck', 'failed', 'completed', 'cancelled'];
      await publish(...states.map((state) => status('idle', state, state)), step(3, 'working'));
      await tab.until(shows('step 3 of 20'));
    }

    describe('from another origin', () => {
      test('a token that is refused is the end, in the words of the server', async () => {
        user = newUser();
        secret = 'another-secret-of-thirty-two-bytes!!';
        onTestFinished(() => {
          secret = undefined;
        });
        await open(shows('Closed: refused: 401 signature wrong.'));
      });

      test('too many connections are waited out for as long as the server says, and "Try now" does not wait', async () => {
        user = newUser();
        const first = connect({ url: server.wsUrl, token: await tokenFor(user), WebSocket: TellingSocket });
        onTestFinished(() => first.close());
        await new Promise<void>((resolve) => first.on('connected', () => resolve()));
        const why = `document.querySelector('#why').textContent`;
        await open(`${why}.endsWith('Refused: 429 too many connections of this user.')`);
        // Retry-After says 5 s; without it, the first wait were 1 s at most.
        expect(await tab.evaluate(why)).toMatch(/^Trying again in [3-6] s\. /);
        expect(await tab.evaluate(`document.querySelector('#retry').ariaDisabled`)).toBe('false');
        first.close();
        await tab.until(`(${click('#retry')}, ${LIVE})`);
        expect(await tab.evaluate(`document.querySelector('#retry').ariaDisabled`)).toBe('true');
      });
    });

    test.each([DESKTOP, PHONE])(
      'nothing jumps as events come in, at a cut, or on the way back: %j',
      async (view) => {
        user = newUser();
        await open();
        await tab.view({ ...view, scheme: 'light' });
        const agents = ['one', 'two', 'three'];
        await publish(...agents.map((agent) => note(agent, 'hello')));
        await tab.until(shows('three: NOTE'));
        await tab.evaluate(WATCH_SHIFTS);
        // Cards that were empty are filled, with others behind them.
        for (const agent of agents) {
          await publish(status('idle', 'working', agent));
          for (const n of upTo(7)) await publish(step(n, agent));
          await publish(note('four', `after ${agent}`), status('working', 'stuck', agent));
        }
        await tab.until(`${shows('four: NOTE · after three')} && ${shows('step 7 of 20')}`);
        await tab.evaluate(click('#cut'));
        await tab.until(shows('Trying again in'));
        await publish(note('one', 'while it was cut'));
        await tab.evaluate(click('#cut'));
        await tab.until(`${LIVE} && ${shows('while it was cut')}`);
        // Shifts are told of after the frame that has them.
        await tab.evaluate(
          'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
        );
        const { sum, of } = await tab.evaluate<{ sum: number; of: string[] }>('globalThis.shifts');
        expect(sum, of.join('\n')).toBe(0);
      },
    );

    test('who has scrolled back in the list of events keeps what was there in sight', async () => {
      await openBusy({ ...DESKTOP, scheme: 'light' });
      await publish(...upTo(60).map((n) => note('writer', `note ${n}`)));
      await tab.until(shows('note 60'));
      const topOf = (n: number): string =>
        `[...document.querySelectorAll('#events li')].find((row) => row.innerText.endsWith('note ${n}')).getBoundingClientRect().top`;
      await tab.evaluate(`document.querySelector('#events').scrollTo(0, 500)`);
      const before = await tab.evaluate<number>(topOf(30));
      await publish(note('coder', 'one more'), note('coder', 'and another'));
      await tab.until(shows('and another'));
      expect(Math.abs((await tab.evaluate<number>(topOf(30))) - before)).toBeLessThan(1);
    });

    test('who wants less motion gets none', async () => {
      await openBusy({ ...DESKTOP, scheme: 'light', isCalm: true });
      const moving = `document.getAnimations().length + [...document.querySelectorAll('body *')]
        .filter((element) => parseFloat(getComputedStyle(element).transitionDuration) > 0).length`;
      expect(await tab.evaluate(moving)).toBe(0);
      await tab.view({ ...DESKTOP, scheme: 'light' });
      expect(await tab.evaluate(moving)).toBeGreaterThan(0);
    });

    test('keys reach everything, in the order of the page, and show where they are', async () => {
      await openBusy({ ...DESKTOP, scheme: 'light' });
      const reachable = await tab.evaluate<number>(
        `[...document.querySelectorAll('a, button, input, [tabindex="0"]')].filter((element) => element.checkVisibility()).length`,
      );
      const stops: { name: string; isMarked: boolean; place: number }[] = [];
      for (const _ of upTo(reachable)) {
        await tab.press('tab');
        stops.push(await tab.evaluate(FOCUSED));
      }
      expect(stops.map(({ name }) => name)).toEqual([
        'skip',
        'retry',
        'cut',
        'flood',
        ...['working', 'stuck', 'failed', 'completed', 'cancelled'],
        ...['AGENT_STATUS_CHANGED', 'PROGRESS_UPDATE'],
        'notices',
        'events',
      ]);
      expect(stops.filter(({ isMarked }) => !isMarked)).toEqual([]);
      expect(stops.map(({ place }) => place)).toEqual(
        stops.map(({ place }) => place).sort((one, other) => one - other),
      );
    });

    test('everything has a name and a role', async () => {
      await openBusy({ ...DESKTOP, scheme: 'light' });
      const named: [string, string, string][] = [
        ['#retry', 'button', 'Try now'],
        ['#cut', 'button', 'Cut the link'],
        ['#flood', 'button', 'Flood'],
        ['#state', 'status', ''],
        ['#agent-filter', 'group', 'Agents none chosen: all'],
        ['#agent-filter input[value=stuck]', 'checkbox', 'stuck'],
        ['section.board', 'region', 'Agents'],
        ['section.link', 'region', 'Connection'],
        ['section.stream', 'region', 'Events'],
        ['[data-agent=working] .bar', 'progressbar', 'Progress of working'],
        ['#notices', 'log', 'What happened on the connection'],
        ['#events', 'log', 'Events, the newest first'],
      ];
      const found = [];
      for (const [selector] of named) {
        const { role, name } = (await tab.accessible(selector)) ?? { role: 'none', name: '' };
        found.push([selector, role, name]);
      }
      expect(found).toEqual(named);
    });

    test.each(['light', 'dark'] as const)(
      '%s: every text is readable, and a phone scrolls one way',
      async (scheme) => {
        await openBusy({ ...PHONE, scheme });
        const long = 'x'.repeat(120);
        await publish(note(`agent-${long.slice(0, 60)}`, long), status('working', 'failed', 'stuck'));
        await tab.evaluate(click('#cut'));
        await tab.until(shows('Trying again in'));
        const contrasts = await tab.evaluate<{ text: string; ratio: number }[]>(CONTRASTS);
        expect(contrasts.length).toBeGreaterThan(30);
        expect(contrasts.filter(({ ratio }) => ratio < READABLE)).toEqual([]);
        const sideways = `[...document.querySelectorAll('html, .scroller, fieldset')]
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map(({ id }) => id)`;
        expect(await tab.evaluate(sideways)).toEqual([]);
        expect(await tab.evaluate('document.documentElement.clientWidth')).toBe(PHONE.width);
        // What a finger has to hit (WCAG 2.2, target size).
        const small = `[...document.querySelectorAll('button, .chip')].map((element) => element.getBoundingClientRect())
        .filter(({ width, height }) => width > 0 && (width < 24 || height < 24)).length`;
        expect(await tab.evaluate(small)).toBe(0);
      },
    );
  },
);
