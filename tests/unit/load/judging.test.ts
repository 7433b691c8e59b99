import { describe, expect, test } from 'vitest';
import { complaintsIn } from '../../../load/k6-run.ts';
import { checkOpenFiles } from '../../../load/open-files.ts';
import { usageIn } from '../../../load/process-usage.ts';
import { progressText, usedText } from '../../../load/progress.ts';
import { promisesOf } from '../../../load/promise.ts';
import { limitsFor } from '../../../load/size.ts';
import { growthOf } from '../../../load/steady-memory.ts';
import { sumsIn } from '../../../load/watch.ts';

const SIZE = { connections: 10_000, seconds: 30, eventsPerSecond: 100, missed: 0, slowReaders: 0 };

describe('what k6 found', () => {
  test('each threshold is a promise: in k6’s summary, true says that it failed', () => {
    const metrics = {
      sockets_opened: { count: 9_999, rate: 12.5, thresholds: { 'count==10000': true } },
      iterations: { count: 11, rate: 1 },
      publish_to_receive_ms: {
        'p(50)': 4.26,
        'p(99)': 512.4,
        thresholds: { 'p(99)<500': true, 'p(50)<50': false },
      },
      events_accepted_per_second: { min: 999.4, thresholds: { 'min>=980': false } },
    };
    expect(promisesOf({ metrics })).toEqual([
      { promise: 'events accepted per second min ≥ 980', measured: '999', ok: true },
      { promise: 'publish to receive p50 < 50 ms', measured: '4.3 ms', ok: true },
      { promise: 'publish to receive p99 < 500 ms', measured: '512 ms', ok: false },
      { promise: 'sockets opened = 10,000', measured: '9,999', ok: false },
    ]);
  });

  test('a threshold without its value is a fault, not a promise kept', () => {
    const metrics = { caught_up_ms: { max: 3, thresholds: { 'p(95)<10': false } } };
    expect(() => promisesOf({ metrics })).toThrow('"p(95)<10" of caught_up_ms');
  });
});

test('of its log, errors that no threshold tells', () => {
  const output = [
    'time="2026-01-01T00:00:00Z" level=error msg="Uncaught (in promise) TypeError: \\"x\\"\\n\\tat event" executor=once',
    'time="2026-01-01T00:00:00Z" level=error msg="Uncaught (in promise) TypeError: \\"x\\"\\n\\tat event" executor=once',
    'time="2026-01-01T00:00:00Z" level=warning msg="Request Failed"',
    'time="2026-01-01T00:00:00Z" level=error msg="thresholds on metrics \'events_lost\' have been crossed"',
  ].join('\n');
  expect(complaintsIn(output)).toEqual(['Uncaught (in promise) TypeError: \\"x\\"\\n\\tat event']);
});

describe('what is seen from outside', () => {
  test('of a scrape, what several series say is added up', () => {
    const text = [
      '# TYPE agentcast_connections gauge',
      'agentcast_connections{state="opening"} 3',
      'agentcast_connections{state="live"} 40',
      'agentcast_connections_opened_total 99',
      'agentcast_frames_delivered_total 1234',
      'agentcast_send_queue_messages 7',
      'agentcast_send_queue_messages_max 5',
      'agentcast_events_dropped_total{reason="expired",priority="low"} 2',
      'agentcast_events_dropped_total{reason="buffer_full",priority="low"} 4',
    ].join('\n');
    expect(sumsIn(text)).toEqual({ live: 40, frames: 1234, longestQueue: 5, dropped: 6 });
    expect(sumsIn('')).toEqual({ live: 0, frames: 0, longestQueue: 0, dropped: 0 });
  });

  test('of a process, its CPU time and memory, whatever it is called', () => {
    const stat = '42 (k6) run) S 1 1 1 0 -1 4194304 10 0 0 0 150 50 0 0 20 0 9 0 1 1 1';
    const status = 'Name:\tk6\nVmPeak:\t  900 kB\nVmRSS:\t    512 kB\n';
    expect(usageIn({ stat, status })).toEqual({ cpuSeconds: 2, residentBytes: 512 * 1024 });
    expect(usageIn({ stat, status: 'Name:\tk6\n' })).toBeNull();
  });

  test('a look in a line, and all of them in one', () => {
    const used = (megabytes: number, cores: number, cpuSeconds: number) => ({
      residentBytes: megabytes * 1024 * 1024,
      cores,
      cpuSeconds,
    });
    const look = (atMs: number, frames: number, [server, k6]: ReturnType<typeof used>[]) => ({
      atMs,
      liveSockets: 9_990,
      frames,
      framesPerSecond: frames / 10,
      longestQueue: 3,
      dropped: 2,
      server: server ?? used(0, 0, 0),
      k6: k6 ?? used(0, 0, 0),
    });
    const first = look(10_000, 90_000, [used(300, 0.9, 9), used(1_200, 0.5, 5)]);
    const last = look(20_000, 100_000, [used(280, 0.2, 11), used(1_100, 0.7, 12)]);
    expect(progressText('soak', first)).toBe(
      'soak   10 s · 9,990 sockets · 9,000 frames/s · server 300 MB, 0.9 cores · k6 1,200 MB, 0.5 cores',
    );
    expect(usedText([first, last])).toBe(
      '100,000 frames, 10,000/s at most; server 300 MB, 0.9 cores, 11 s of CPU; k6 1,200 MB, 0.7 cores, 12 s of CPU; 2 events shed',
    );
    expect(usedText([])).toContain('0 frames');
  });

  test('memory is flat where the last quarter is as the second', () => {
    expect(growthOf([1, 1, 100, 100, 150, 150, 120, 120])).toBeCloseTo(1.2);
    expect(growthOf([1, 2, 3])).toBeNull();
    expect(growthOf([0, 0, 0, 0])).toBeNull();
  });
});

describe('what a size asks for', () => {
  test('the defaults of a server, or twice what the load needs', () => {
    expect(limitsFor(SIZE)).toMatchObject({
      WS_MAX_CONNECTIONS_PER_INSTANCE: '10100',
      WS_RATE_LIMIT_GLOBAL: '12000',
      WS_RATE_LIMIT_PER_CONNECTION: '100',
      WS_MAX_REPLAY_MESSAGES: '1000',
    });
    const dense = { ...SIZE, connections: 25, eventsPerSecond: 900, missed: 600 };
    expect(limitsFor(dense)).toMatchObject({
      WS_RATE_LIMIT_GLOBAL: '18025',
      WS_RATE_LIMIT_PER_CONNECTION: '600',
      WS_MAX_REPLAY_MESSAGES: '1200',
    });
  });

  test('too few open files are said before anything starts', () => {
    expect(() => checkOpenFiles(SIZE, 1_024)).toThrow(
      'ulimit -n: got 1024, wanted 10500 or more for 10000 sockets',
    );
    expect(() => checkOpenFiles(SIZE, 10_500)).not.toThrow();
    expect(() => checkOpenFiles(SIZE, Number.POSITIVE_INFINITY)).not.toThrow();
  });
});
