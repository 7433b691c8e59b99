export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One signing key of a worker service; a service may have two while its key is rotated. */
export interface ServiceKey {
  readonly name: string;
  /** `whsec_` and the key in base64, as Standard Webhooks libraries take it. */
  readonly secret: string;
}

/** Everything an instance is told by its environment (contract §2), checked. Durations are in milliseconds. */
export interface Config {
  readonly host: string;
  /** 0 = the system picks a free port. */
  readonly port: number;
  /** Empty = memory engine, one = a single Redis, several = Redis Cluster. They may hold passwords. */
  readonly redisUrls: readonly string[];
  readonly instanceId: string;
  /** Exactly one of `jwtSecret` and `jwksUrl` is not null. */
  readonly jwtSecret: string | null;
  readonly jwksUrl: string | null;
  readonly jwtIssuer: string | null;
  readonly jwtAudience: string | null;
  /** At least one; the same name may stand more than once. */
  readonly serviceKeys: readonly ServiceKey[];
  /** As a browser sends them in `Origin`; null = any. */
  readonly allowedOrigins: readonly string[] | null;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly heartbeatMisses: number;
  readonly replayWindowMs: number;
  readonly maxReplayMessages: number;
  /** Delivered messages per second; 0 = unlimited. */
  readonly rateLimitPerConnection: number;
  /** Delivered messages per second over the whole cluster; 0 = unlimited. */
  readonly rateLimitGlobal: number;
  /** Messages waiting per connection. */
  readonly sendBufferSize: number;
  readonly queueTtlMs: number;
  readonly progressWindowMs: number;
  readonly drainTimeoutMs: number;
  readonly maxConnectionsPerInstance: number;
  /** Over the whole cluster; 0 = unlimited. */
  readonly maxConnectionsPerUser: number;
  /** Upgrades per minute from one client address, over the whole cluster; 0 = unlimited. */
  readonly connectRatePerAddress: number;
  /** IPv4 or IPv6 addresses and CIDR ranges, well-formed. */
  readonly trustedProxies: readonly string[];
  readonly maxMessageBytes: number;
  readonly reconcileIntervalMs: number;
  readonly logLevel: LogLevel;
}

/** What the environment cannot know: the entry point passes it in, so that parsing stays pure. */
export interface InstanceDefaults {
  readonly hostname: string;
  /** Makes two instances on one host different, of `A-Z a-z 0-9 _ . : -` and at most 64 characters. */
  readonly randomSuffix: string;
}
