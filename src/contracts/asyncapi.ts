import { infoOf } from './info.ts';
import type { NamedSchema } from './json-schema.ts';
import { refTo, schemaComponents } from './json-schema.ts';
import { CLIENT_MESSAGES } from './socket/client-messages.ts';
import { CLOSE_CODE_TABLE, CLOSE_CODES } from './socket/close-codes.ts';
import { connectBinding } from './socket/connect-binding.ts';
import type { MessageName } from './socket/schemas.ts';
import { FRAMES, SOCKET_SCHEMAS } from './socket/schemas.ts';
import type { Message } from './socket/server-messages.ts';
import { SERVER_MESSAGES } from './socket/server-messages.ts';
import { SECURITY_SCHEMES, SERVERS } from './socket/servers.ts';

const DESCRIPTION = `The stream of a user: what its agents do, as it happens, and what the client missed while it was away.

Text frames of JSON, UTF-8. Clients pass over fields and message types that they do not know. Persisted events come in rising
\`sequence_id\`, and only a \`REPLAY_START\` goes back. Every event that passes the filters is delivered, or lies in the
\`missing\` of a \`REPLAY_START\` or in a \`MESSAGES_DROPPED\`, which comes before any later event.

How an upgrade is refused is in \`/openapi.json\`.`;

const CHANNEL_DESCRIPTION = `Opened by an upgrade; \`CONNECTED\` comes first. A client message is at most 64 KiB, unless \`WS_MAX_MESSAGE_BYTES\` says
otherwise. \`SUBSCRIBE\`, \`UNSUBSCRIBE\` and \`REPLAY\` together are taken ten times a second. No JSON, no object, an unknown type, a
wrong shape or a binary frame: \`ERROR\`, then close 4000.

${CLOSE_CODE_TABLE}

1011 is a fault of the server: a client comes back with backoff.`;

const MESSAGES: Readonly<Record<MessageName, Message>> = { ...SERVER_MESSAGES, ...CLIENT_MESSAGES };
const NAMES = Object.keys(MESSAGES) as MessageName[];
const CHANNEL = { $ref: '#/channels/agents' };

/** The messages of the WebSocket as an AsyncAPI 3.0 document. */
export const asyncApiDocument = () => ({
  asyncapi: '3.0.0',
  info: infoOf('agentcast', DESCRIPTION),
  defaultContentType: 'application/json',
  servers: SERVERS,
  channels: { agents: channel() },
  operations: operations(),
  components: {
    schemas: schemaComponents({ ...SOCKET_SCHEMAS, ...frameSchemas() }),
    messages: Object.fromEntries(NAMES.map((name) => [name, messageObject(name)])),
    securitySchemes: SECURITY_SCHEMES,
  },
});

const channel = () => ({
  address: '/ws/agents',
  title: 'The stream of a user',
  description: CHANNEL_DESCRIPTION,
  messages: Object.fromEntries(NAMES.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
  bindings: { ws: connectBinding() },
  'x-close-codes': CLOSE_CODES,
});

const inChannel = (names: readonly string[]) =>
  names.map((name) => ({ $ref: `${CHANNEL.$ref}/messages/${name}` }));

// As AsyncAPI has it, the server is who sends and receives.
function operations(): Record<string, object> {
  const toClient = {
    action: 'send',
    channel: CHANNEL,
    summary: 'What the server says by itself, and events.',
    description: '`CONNECTED` is the first. Persisted events come in rising `sequence_id`.',
    messages: inChannel(Object.keys(SERVER_MESSAGES)),
  };
  const fromClient = Object.entries(CLIENT_MESSAGES).map(
    ([name, { operation, summary, description, answers }]) => {
      const reply = answers.length === 0 ? {} : { reply: { channel: CHANNEL, messages: inChannel(answers) } };
      return [
        operation,
        { action: 'receive', channel: CHANNEL, summary, description, messages: inChannel([name]), ...reply },
      ];
    },
  );
  return { sendToClient: toClient, ...Object.fromEntries(fromClient) };
}

const frameName = (name: MessageName): string => `frame.${name}`;

const frameSchemas = (): Record<string, NamedSchema> =>
  Object.fromEntries(
    NAMES.map((name) => [frameName(name), { schema: FRAMES[name], description: MESSAGES[name].summary }]),
  );

function messageObject(name: MessageName): object {
  const { summary, description, example } = MESSAGES[name];
  return {
    name: name.replace('client.', ''),
    title: name,
    summary,
    ...(description === undefined ? {} : { description }),
    payload: refTo(frameName(name)),
    examples: [{ name: 'example', payload: example }],
  };
}
