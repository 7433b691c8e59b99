import { createClientAddress } from '../../../src/adapters/auth/client-address.ts';
import { createTokenVerifier } from '../../../src/adapters/auth/jwt.ts';
import { createSignatureVerifier } from '../../../src/adapters/auth/signatures.ts';
import { ConfigError, parseConfig } from '../../../src/config.ts';
import { always, type Parser } from '../parser.ts';

const SECRET = 'Hush-Hush-42';
const KEY = `workers:whsec_${Buffer.alloc(24, SECRET).toString('base64')}`;
const NEEDED = `JWT_SECRET=${SECRET.repeat(3)}\nINTERNAL_SERVICE_KEYS=${KEY}`;
/** Where a secret stands as one: what a URL says without an `@` is no password of it. */
const HIDDEN = /^(JWT_SECRET|INTERNAL_SERVICE_KEYS)=|^(REDIS_URL|JWKS_URL)=.*:Hush.*@/;

/** Environments, a variable a line (contract §2). */
export const configs: Parser = {
  name: 'configs',
  corpus: {
    texts: [
      NEEDED,
      `${NEEDED}\nHOST=::1\nPORT=0\nREDIS_URL=redis://u:${SECRET}@localhost:6379/1`,
      `${NEEDED}\nREDIS_URL=rediss://a:7000,rediss://b:7001\nTRUSTED_PROXIES=10.0.0.0/8,fd00::/8,::ffff:10.0.0.0/104`,
      `${NEEDED}\nWS_ALLOWED_ORIGINS=https://a.example,http://localhost:3000\nWS_HEARTBEAT_INTERVAL=1.5s`,
      `${NEEDED}\nWS_REPLAY_WINDOW=5m\nWS_RATE_LIMIT_GLOBAL=0\nWS_MAX_MESSAGE_BYTES=65536\nLOG_LEVEL=debug`,
      `JWKS_URL=https://keys.example/jwks\nJWT_ISSUER=i\nINTERNAL_SERVICE_KEYS=${KEY},${KEY}`,
    ],
    words: [
      '\nWS_',
      '\nTRUSTED_PROXIES=',
      '\nREDIS_URL=',
      '\nPORT=',
      '\nHOST=',
      'ms',
      'm',
      ',',
      '://',
      '@',
      '::',
      '/0',
    ].concat(['%2C', '10.0.0.1', 'fe80::1%eth0', '[::1]', '65536', 'https://']),
  },
  check(input) {
    const lines = input.split('\n');
    const env = Object.fromEntries(
      lines.map((line) => [line.split('=')[0] ?? '', line.split('=').slice(1).join('=')]),
    );
    try {
      usable(parseConfig(env, { hostname: 'host', randomSuffix: '0123abcd' }));
      return 'accepted';
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const isHidden = lines.every((line) => HIDDEN.test(line) || !line.includes(SECRET));
      always(!isHidden || !error.message.includes(SECRET), 'no secret stands in a fault');
      return 'refused';
    }
  },
};

/** @throws where what was accepted is refused by what it is for */
function usable(config: ReturnType<typeof parseConfig>): void {
  createClientAddress(config);
  createSignatureVerifier({ keys: config.serviceKeys });
  const { jwtSecret: secret, jwksUrl, jwtIssuer: issuer, jwtAudience: audience } = config;
  createTokenVerifier({ secret, jwksUrl, issuer, audience, now: () => 0 });
  for (const url of config.redisUrls) new URL(url);
  const { heartbeatIntervalMs, replayWindowMs, queueTtlMs, port, maxMessageBytes } = config;
  always(
    [heartbeatIntervalMs, replayWindowMs, queueTtlMs].every((ms) => ms >= 10 && ms <= 86_400_000),
    'durations',
  );
  always(
    Number.isInteger(port) && port >= 0 && port <= 65_535 && maxMessageBytes >= 1,
    'numbers are in range',
  );
}
