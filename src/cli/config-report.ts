import { showHidden, showUrl } from '../config/faults.ts';
import { settings } from '../config/settings.ts';
import type { Environment } from '../config.ts';
import { tableText } from './table.ts';

const SAFE_SECRET_BYTES = 32;

type AnySetting = (typeof settings)[keyof typeof settings];

/** What is in force in an environment without faults: a row for each variable, and advice below. No secret is in it. */
export function configReport(env: Environment): string {
  const rows = Object.values(settings).map((setting) => rowOf(setting, env[setting.variable] ?? ''));
  return tableText(['variable', 'value', 'from'], rows) + adviceFor(env);
}

function rowOf(setting: AnySetting, text: string): string[] {
  const { variable, fallback } = setting;
  if (text.trim() !== '') return [variable, shownValue(setting, text.trim()), 'environment'];
  const described = typeof fallback === 'string' ? fallback : (fallback?.described ?? '');
  // What the documented table says of a variable that may be required is no value.
  return [variable, described.includes('required') ? 'unset' : described, 'default'];
}

function shownValue({ variable, show }: AnySetting, text: string): string {
  if (variable === 'INTERNAL_SERVICE_KEYS') return serviceNames(text);
  if (show === undefined) return text;
  if (show !== showUrl) return showHidden(text);
  return text
    .split(',')
    .map((url) => showUrl(url.trim(), text).replace(/^"(.*)"$/, '$1'))
    .join(',');
}

/** Names are no secrets, and with them a wrong key is found. */
const serviceNames = (text: string): string =>
  text
    .split(',')
    .map((entry) => `${entry.trim().split(':')[0]}:(hidden)`)
    .join(',');

function adviceFor({ JWT_SECRET = '' }: Environment): string {
  const bytes = Buffer.byteLength(JWT_SECRET);
  if (JWT_SECRET.trim() === '' || bytes >= SAFE_SECRET_BYTES) return '';
  return `\nJWT_SECRET has ${bytes} bytes: RFC 7518 asks for ${SAFE_SECRET_BYTES} or more.\n`;
}
