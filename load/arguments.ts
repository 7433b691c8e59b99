import { parseArgs } from 'node:util';
import { durationOption } from '../src/cli/durations.ts';
import { UsageError } from '../src/cli/exit-status.ts';
import { wholeNumber } from '../src/cli/whole-number.ts';
import type { Runtime } from '../tests/support/server-process.ts';
import {
  SCALES,
  type Scale,
  type Scenario,
  type ScenarioName,
  scenarioNames,
  scenarios,
} from './scenarios.ts';
import type { Size } from './size.ts';

export type LoadCommand =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'run';
      readonly name: ScenarioName;
      readonly scenario: Scenario;
      readonly size: Size;
      /** One run for each number of instances. */
      readonly instances: readonly number[];
      readonly runtime: Runtime;
    };

const OPTIONS = {
  connections: { type: 'string' },
  duration: { type: 'string' },
  rate: { type: 'string' },
  missed: { type: 'string' },
  slow: { type: 'string' },
  instances: { type: 'string' },
  runtime: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Reads a command line. Throws a UsageError that says what was got and what is wanted. */
export function parseCommand(args: readonly string[]): LoadCommand {
  const { values, positionals } = parsed(args);
  if (values.help === true || args.length === 0) return { kind: 'help' };
  const name = scenarioNameOf(positionals);
  const scenario: Scenario = scenarios[name];
  const { size } = scenario;
  refuseUseless(name, values);
  return {
    kind: 'run',
    name,
    scenario,
    size: {
      connections: count('--connections', values.connections, 1) ?? size.connections,
      seconds: secondsOf(values.duration) ?? size.seconds,
      eventsPerSecond: count('--rate', values.rate, 1) ?? size.eventsPerSecond,
      missed: count('--missed', values.missed, 0) ?? size.missed,
      slowReaders: count('--slow', values.slow, 0) ?? size.slowReaders,
    },
    instances: instancesOf(values.instances) ?? scenario.instances,
    runtime: runtimeOf(values.runtime),
  };
}

/** What `--help` prints: every scenario with its size. */
export function helpText(): string {
  const width = Math.max(...scenarioNames.map((name) => name.length));
  const lines = scenarioNames.map((name) => {
    const { about }: Scenario = scenarios[name];
    return `  ${name.padEnd(width)}  ${about}\n  ${''.padEnd(width)}    (${sizeText(scenarios[name])})`;
  });
  return `npm run load -- <scenario> [options]

Starts a Redis and instances, runs k6 against them, stops everything, and says in a table what holds of what the scenario
promises. k6/README.md says what each promises.

Scenarios, with their sizes:
${lines.join('\n')}

Options, to scale a scenario to a machine:
  --connections <n>   sockets
  --duration <time>   how long events are published, such as 30s, 5m (not reconnect-storm)
  --rate <n>          events a second, over all users; each goes to the ten sockets of its user (not reconnect-storm)
  --missed <n>        events that each socket misses (smoke, reconnect-storm)
  --slow <n>          slow readers (slow-consumers)
  --instances <n>     instances
  --runtime <name>    node (the default) or deno

Exit status: 0 every promise holds, 1 one does not or the run failed, 2 wrong usage, 130 interrupted.
`;
}

/** Of its size, what changes what it does. */
function sizeText({ size, instances, scales }: Scenario): string {
  const parts: Record<Scale, string> = {
    duration: `${size.seconds} s`,
    rate: `${size.eventsPerSecond.toLocaleString('en-US')} events a second`,
    missed: `${size.missed} events missed`,
    slow: `${size.slowReaders} slow readers`,
  };
  const servers = `${instances.join(' and ')} instance${instances.at(-1) === 1 ? '' : 's'}`;
  const sockets = `${size.connections.toLocaleString('en-US')} sockets`;
  return [sockets, servers, ...scales.map((scale) => parts[scale])].join(', ');
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function scenarioNameOf(positionals: readonly string[]): ScenarioName {
  const name = scenarioNames.find((known) => known === positionals[0]);
  if (positionals.length === 1 && name !== undefined) return name;
  const got = positionals.length === 0 ? 'none' : positionals.map((text) => JSON.stringify(text)).join(', ');
  throw new UsageError(`scenario: got ${got}, wanted one of ${scenarioNames.join(', ')}`);
}

function refuseUseless(name: ScenarioName, values: Readonly<Record<string, unknown>>): void {
  for (const scale of SCALES) {
    if (values[scale] === undefined || isScaledBy(name, scale)) continue;
    const others = scenarioNames.filter((other) => isScaledBy(other, scale));
    throw new UsageError(`--${scale}: changes nothing in ${name}, wanted it with ${others.join(', ')}`);
  }
}

function isScaledBy(name: ScenarioName, scale: Scale): boolean {
  const { scales }: Scenario = scenarios[name];
  return scales.includes(scale);
}

const count = (option: string, text: string | undefined, least: number): number | undefined =>
  text === undefined ? undefined : wholeNumber(option, text, least);

function instancesOf(text: string | undefined): number[] | undefined {
  const instances = count('--instances', text, 1);
  return instances === undefined ? undefined : [instances];
}

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = durationOption('--duration', text) / 1000;
  if (seconds >= 1) return Math.round(seconds);
  throw new UsageError(`--duration: got ${JSON.stringify(text)}, wanted 1s or more`);
}

function runtimeOf(text = 'node'): Runtime {
  if (text === 'node' || text === 'deno') return text;
  throw new UsageError(`--runtime: got ${JSON.stringify(text)}, wanted node or deno`);
}
