import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** A key pair that signs tokens, and its public half as a key set has it. */
export type Signer = {
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
};

export async function newSigner(alg: string, kid: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid } };
}

/** A token of the user `u-1` without an end. */
export const tokenOf = ({ alg, privateKey, jwk }: Signer, kid = jwk.kid): Promise<string> =>
  new SignJWT({ sub: 'u-1' }).setProtectedHeader({ alg, kid }).sign(privateKey);

/** An identity provider's key set on loopback; what it answers can be changed at any time. */
export type KeySetServer = {
  readonly url: string;
  /** How often it was asked. */
  asked(): number;
  answer(how: (response: ServerResponse) => void): void;
  stop(): Promise<void>;
};

export const json =
  (body: unknown, status = 200) =>
  (response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

export async function startKeySetServer(): Promise<KeySetServer> {
  let count = 0;
  let respond: (response: ServerResponse) => void = json({ keys: [] });
  const server = createServer((_request, response) => {
    count++;
    respond(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    asked: () => count,
    answer: (how) => {
      respond = how;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
