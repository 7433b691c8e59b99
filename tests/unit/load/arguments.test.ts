import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { helpText, parseCommand } from '../../../load/arguments.ts';
import { scenarioNames, scenarios } from '../../../load/scenarios.ts';
import { UsageError } from '../../../src/cli/exit-status.ts';

const SCRIPTS = fileURLToPath(new URL('../../../k6/', import.meta.url));

test('every scenario has its file in k6, and its row in the README there; and no file is without a scenario', () => {
  const files = readdirSync(SCRIPTS).filter((name) => name.endsWith('.js'));
  expect(files.sort()).toEqual(scenarioNames.map((name) => `${name}.js`).sort());
  const readme = readFileSync(`${SCRIPTS}README.md`, 'utf8');
  expect(scenarioNames.filter((name) => !readme.includes(`\n| \`${name}\` |`))).toEqual([]);
});

describe('the command line of load tests', () => {
  test('a scenario alone has the size that is promised', () => {
    expect(parseCommand(['throughput'])).toEqual({
      kind: 'run',
      name: 'throughput',
      scenario: scenarios.throughput,
      size: { connections: 10_000, seconds: 30, eventsPerSecond: 1_000, missed: 0, slowReaders: 0 },
      instances: [1],
      runtime: 'node',
    });
    expect(parseCommand(['connections'])).toMatchObject({ instances: [1, 3], size: { connections: 10_000 } });
  });

  test('every part of a size can be scaled', () => {
    const options = '--connections 50 --duration 2m --rate 20 --slow 3 --instances 2 --runtime deno';
    expect(parseCommand(['slow-consumers', ...options.split(' ')])).toMatchObject({
      size: { connections: 50, seconds: 120, eventsPerSecond: 20, slowReaders: 3 },
      instances: [2],
      runtime: 'deno',
    });
    expect(parseCommand(['smoke', '--missed', '0'])).toMatchObject({ size: { missed: 0 } });
  });

  test.each([
    [['nope'], 'scenario: got "nope", wanted one of smoke, connections'],
    [['--rate', '5'], 'scenario: got none, wanted one of smoke'],
    [['smoke', 'soak'], 'scenario: got "smoke", "soak", wanted one of'],
    [['smoke', '--connections', '0'], '--connections: got "0", wanted a whole number from 1 on'],
    [['smoke', '--rate', '1.5'], '--rate: got "1.5", wanted'],
    [['smoke', '--duration', '10ms'], '--duration: got "10ms", wanted 1s or more'],
    [['smoke', '--duration', 'long'], '--duration: got "long", wanted a duration'],
    [['smoke', '--runtime', 'bun'], '--runtime: got "bun", wanted node or deno'],
    [['smoke', '--size', '1'], '--size'],
    [['smoke', '--slow', '5'], '--slow: changes nothing in smoke, wanted it with slow-consumers'],
    [
      ['connections', '--missed', '5'],
      '--missed: changes nothing in connections, wanted it with smoke, reconnect',
    ],
    [['reconnect-storm', '--duration', '5s'], '--duration: changes nothing in reconnect-storm'],
  ])('refuses %j', (args, reason) => {
    expect(() => parseCommand(args)).toThrow(UsageError);
    expect(() => parseCommand(args)).toThrow(reason);
  });

  test('help lists every scenario', () => {
    expect(parseCommand([])).toEqual({ kind: 'help' });
    expect(parseCommand(['smoke', '--help'])).toEqual({ kind: 'help' });
    for (const name of scenarioNames) expect(helpText()).toContain(`\n  ${name} `);
  });
});
