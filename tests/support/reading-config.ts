import { Buffer } from 'node:buffer';
import {
  type Config,
  ConfigError,
  type ConfigFault,
  type Environment,
  parseConfig,
} from '../../src/config.ts';

export const INSTANCE_DEFAULTS = { hostname: 'box', randomSuffix: 'x7k2' };

/** A signing key of this many bytes, as Standard Webhooks writes it. */
export const whsecOf = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;

/** The least environment that is accepted. */
export const REQUIRED = {
  JWT_SECRET: 'a secret of the tests',
  INTERNAL_SERVICE_KEYS: `worker:${whsecOf(32)}`,
};

/** What `REQUIRED` and these variables are read as. */
export const readConfig = (env: Environment): Config =>
  parseConfig({ ...REQUIRED, ...env }, INSTANCE_DEFAULTS);

/** The error with which these variables, added to `REQUIRED`, are refused; throws where they are accepted. */
export function refusalOf(env: Environment): ConfigError {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(env)}`);
}

export const faultsOf = (env: Environment): readonly ConfigFault[] => refusalOf(env).faults;

/** The names that are refused, in the order of the message. */
export const refusedIn = (env: Environment): string[] => faultsOf(env).map((fault) => fault.variable);
