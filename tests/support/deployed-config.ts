import { parseConfig } from '../../src/config.ts';

/** These variables, and secrets as every deployment has them. */
export const withSecrets = (env: Record<string, string>): Record<string, string> => ({
  ...env,
  JWT_SECRET: 's'.repeat(32),
  INTERNAL_SERVICE_KEYS: `svc:whsec_${btoa('k'.repeat(24))}`,
});

/** What the server makes of these variables; throws where it does not start with them. */
export const configOf = (env: Record<string, string>): ReturnType<typeof parseConfig> =>
  parseConfig(withSecrets(env), { hostname: 'host', randomSuffix: 'suffix' });
