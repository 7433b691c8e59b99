import * as v from 'valibot';
import { ConfigError, type ConfigFault, showPlain } from './config/faults.ts';
import { type Setting, settings } from './config/settings.ts';
import type { Config, InstanceDefaults } from './config/types.ts';
import { undeclaredFault } from './config/undeclared.ts';

export { ConfigError, type ConfigFault } from './config/faults.ts';
export type { Config, InstanceDefaults, LogLevel, ServiceKey } from './config/types.ts';

/** The variables of the process, as `process.env` or `Deno.env.toObject()` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Reading<T> = { readonly value: T } | { readonly faults: readonly ConfigFault[] };

const declared = Object.values(settings).map((setting) => setting.variable);

/**
 * Reads every variable of contract §2 and `LOG_LEVEL`; an empty one counts as unset.
 *
 * @throws ConfigError with every fault: wrong values, missing ones, none of `JWT_SECRET` and
 * `JWKS_URL`, and `WS_*` names that do not exist.
 */
export function parseConfig(env: Environment, defaults: InstanceDefaults): Config {
  const faults: ConfigFault[] = [];
  const values: Record<string, unknown> = {};
  for (const [field, setting] of Object.entries(settings)) {
    const reading = readSetting<unknown>(setting, env, defaults);
    if ('faults' in reading) faults.push(...reading.faults);
    else values[field] = reading.value;
  }
  faults.push(...tokenKeyFaults(env), ...undeclaredFaults(env));
  if (faults.length > 0) throw new ConfigError(faults);
  // The type of `settings` pairs every field with a schema of the field's type.
  return values as unknown as Config;
}

function readSetting<T>(setting: Setting<T>, env: Environment, defaults: InstanceDefaults): Reading<T> {
  const given = env[setting.variable] ?? '';
  if (isSet(given)) return readText(setting, given);
  const { fallback } = setting;
  if (typeof fallback === 'string') return readText(setting, fallback);
  return fallback === null ? readText(setting, '') : { value: fallback.value(defaults) };
}

function readText<T>(setting: Setting<T>, text: string): Reading<T> {
  const result = v.safeParse(setting.schema, text);
  if (result.success) return { value: result.output };
  return { faults: result.issues.map((issue) => toFault(setting, text, issue)) };
}

/** A list's issue has a path of one step, the entry; any other issue is about the text as a whole. */
function toFault<T>(setting: Setting<T>, text: string, issue: v.BaseIssue<unknown>): ConfigFault {
  const { variable, show = showPlain } = setting;
  const entry = issue.path?.[0];
  const got = !isSet(text)
    ? 'nothing'
    : entry === undefined
      ? show(text)
      : `entry ${Number(entry.key) + 1} ${show(String(entry.value), text)}`;
  return { variable, got, wanted: issue.message };
}

const isSet = (text: string | undefined): boolean => text !== undefined && text.trim() !== '';

function tokenKeyFaults(env: Environment): ConfigFault[] {
  if (isSet(env.JWT_SECRET) || isSet(env.JWKS_URL)) return [];
  const wanted = 'at least one of them: an HS256 secret, or the http(s) address of a key set';
  return [{ variable: 'JWT_SECRET, JWKS_URL', got: 'neither', wanted }];
}

function undeclaredFaults(env: Environment): ConfigFault[] {
  return Object.entries(env)
    .filter(([name, text]) => name.startsWith('WS_') && isSet(text) && !declared.includes(name))
    .map(([name, text]) => undeclaredFault(name, text ?? '', declared));
}

/** The markdown table of every variable, which docs/configuration.md holds between its `config` markers. */
export function configTable(): string {
  const rows = Object.values(settings).map(({ variable, fallback, meaning }) => {
    return `| \`${variable}\` | ${describeFallback(fallback)} | ${meaning} |`;
  });
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

function describeFallback(fallback: Setting<unknown>['fallback']): string {
  if (fallback === null) return '— (required)';
  return typeof fallback === 'string' ? `\`${fallback}\`` : fallback.described;
}
