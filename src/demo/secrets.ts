import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';

/** The name that the demo's agents sign with. */
export const SERVICE = 'demo-agents';

export type Secrets = {
  /** HS256 secret of the user tokens. */
  readonly jwt: string;
  /** Standard Webhooks key of the agents. */
  readonly service: string;
};

/** Secrets for one run of the demo; the tokens of one run are strangers to the next. */
export const generateSecrets = (): Secrets => ({
  jwt: randomBytes(32).toString('hex'),
  service: `whsec_${randomBytes(32).toString('base64')}`,
});

/** A token of a user, valid for one day (RFC 7519, HS256). */
export const userToken = (userId: string, secret: string): Promise<string> =>
  new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime('1 day')
    .sign(new TextEncoder().encode(secret));
