import * as v from 'valibot';
import { showHidden } from '../config/faults.ts';
import { serviceKeys } from '../config/schemas.ts';
import type { Environment, ServiceKey } from '../config.ts';
import { UsageError } from './exit-status.ts';
import { secretFile } from './secret-file.ts';

export const KEY_FILE_OPTION = '--key-file <path>';
export const KEY_FILE_MEANING = 'file with the service key, name:whsec_… (default: AGENTCAST_SERVICE_KEY)';

/** The key to sign with, from the file or from AGENTCAST_SERVICE_KEY. Throws a UsageError without the key's text. */
export function serviceKey(env: Environment, keyFile: string | undefined): ServiceKey {
  if (keyFile !== undefined) return parsed('--key-file', secretFile('--key-file', keyFile));
  const given = env.AGENTCAST_SERVICE_KEY?.trim() ?? '';
  if (given === '') throw new UsageError(missingText(env));
  return parsed('AGENTCAST_SERVICE_KEY', given);
}

function parsed(source: string, text: string): ServiceKey {
  const result = v.safeParse(serviceKeys, text);
  const [key, ...others] = result.success ? result.output : [];
  if (key !== undefined && others.length === 0) return key;
  const got = others.length > 0 ? `${others.length + 1} keys` : showHidden(text);
  throw new UsageError(
    `${source}: got ${got}, wanted one name:whsec_<base64>, as INTERNAL_SERVICE_KEYS of the server has it`,
  );
}

function missingText(env: Environment): string {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the shell replaces it
  const remedy = env.INTERNAL_SERVICE_KEYS
    ? 'INTERNAL_SERVICE_KEYS is set here: export AGENTCAST_SERVICE_KEY=${INTERNAL_SERVICE_KEYS%%,*} takes its first key'
    : 'agentcast keygen makes a key for server and worker';
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
  return `no service key: got neither --key-file nor AGENTCAST_SERVICE_KEY, wanted name:whsec_<base64> in one of them; ${remedy}`;
}
