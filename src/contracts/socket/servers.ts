import { SECURITY_SCHEMES as HTTP_SCHEMES } from '../http/proofs.ts';

const { bearer, subprotocol, token } = HTTP_SCHEMES;

/** Any of these is enough. */
export const SECURITY_SCHEMES = {
  bearer,
  subprotocol: { ...subprotocol, type: 'httpApiKey' },
  token: { ...token, type: 'httpApiKey' },
} as const;

const security = Object.keys(SECURITY_SCHEMES).map((name) => ({
  $ref: `#/components/securitySchemes/${name}`,
}));

// AsyncAPI has no relative address. What serves the document does not know by which name it is reached.
export const SERVERS = {
  deployed: {
    host: '{host}',
    protocol: 'wss',
    description: 'Behind TLS, under the name that dashboards know it by.',
    variables: {
      host: { default: 'agentcast.example', description: 'Host name, and port where it is not 443.' },
    },
    security,
  },
  local: {
    host: '127.0.0.1:8080',
    protocol: 'ws',
    description: 'An instance started without HOST and PORT.',
    security,
  },
};
