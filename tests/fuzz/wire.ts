import { once } from 'node:events';
import { connect } from 'node:net';
import { frame, OPCODE } from '../support/raw-client.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { tokenFor } from '../support/tokens.ts';
import { Worker } from '../support/worker.ts';
import { always, type Parser, type Verdict } from './parser.ts';

const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
const PUBLISH = '/api/v1/internal/ws/publish';
const EVENT = '{"event_type":"NOTE","user_id":"u-fuzz","agent_id":"a","payload":{}}';

/** What goes over the wire to a running server, and is changed on the way: requests, and the frames of a WebSocket. */
export async function wireParsers(server: ServerProcess): Promise<readonly Parser[]> {
  const upgrade = `GET /ws/agents?token=${await tokenFor('u-fuzz')} HTTP/1.1\r\nHost: x\r\n${HANDSHAKE}\r\n`;
  const send = (text: string): Promise<Verdict> => sendOnce(server, text);
  return [
    { name: 'requests', corpus: { texts: requestTexts(server, upgrade), words: REQUEST_WORDS }, check: send },
    {
      name: 'sockets',
      corpus: { texts: FRAMES, words: FRAME_WORDS },
      check: (frames) => send(upgrade + frames),
    },
  ];
}

function requestTexts({ url }: ServerProcess, upgrade: string): string[] {
  const signature = (content: string): string => {
    const headers = Object.entries(new Worker(url).signatureOf(content));
    return headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  };
  const json = 'Content-Type: application/json\r\n';
  const chunked = `${EVENT.length.toString(16)}\r\n${EVENT}\r\n0\r\n\r\n`;
  const instances = '/api/v1/internal/ws/instances';
  return [
    upgrade,
    upgrade.replace('?', '?agent_ids=a-1,a-2&last_sequence_id=latest&').replace('GET', 'HEAD'),
    `GET /ws/agents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x.y.z\r\n${HANDSHAKE}Sec-WebSocket-Protocol: bearer, t\r\n\r\n`,
    'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    `GET ${instances} HTTP/1.1\r\nHost: x\r\n${signature(instances)}\r\n`,
    `POST ${PUBLISH} HTTP/1.1\r\nHost: x\r\n${json}${signature(EVENT)}Content-Length: ${EVENT.length}\r\n\r\n${EVENT}`,
    `POST ${PUBLISH}/batch HTTP/1.1\r\nHost: x\r\n${json}${signature(EVENT)}Transfer-Encoding: chunked\r\n\r\n${chunked}`,
    'OPTIONS * HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
  ];
}

const REQUEST_WORDS = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  'HTTP/1.0',
  'HTTP/2.0',
  'CONNECT x:1 ',
  'TRACE ',
  'QUERY ',
  ': ',
].concat(
  [
    'Host: a/b\r\n',
    'Host: \r\n',
    'Content-Length: 5\r\n',
    'Content-Length: -1\r\n',
    'Content-Length: 99999999999\r\n',
  ],
  [
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: identity\r\n',
    'Upgrade: h2c\r\n',
    'Connection: close\r\n',
  ],
  [
    'ffffffff\r\n',
    '0\r\n\r\n',
    '/../',
    '//',
    '?',
    '%00',
    '%zz',
    '\u0000',
    '\u00ff',
    '\\',
    'http://[',
    ' \t ',
  ],
  [
    'X-Forwarded-For: ,,\r\n',
    `X: ${'x'.repeat(9_000)}\r\n`,
    'webhook-id: \u0001\r\n',
    'Sec-WebSocket-Extensions: permessage-deflate; a=\r\n',
  ],
);

const latin1 = (bytes: Buffer): string => bytes.toString('latin1');
const text = (content: string, options = {}): string => latin1(frame(OPCODE.text, content, options));

const FRAMES = [
  text('{"type":"PING"}') + text('{"type":"PONG","payload":{"last_sequence_id":1}}'),
  text('{"type":"SUBSCRIBE","payload":{"agent_ids":["a-1"],"last_sequence_id":0}}'),
  text('{"type":', { fin: false }) +
    latin1(frame(OPCODE.ping, 'p')) +
    latin1(frame(OPCODE.continuation, '"PING"}')),
  latin1(frame(OPCODE.binary, 'b')) + latin1(frame(OPCODE.close, Buffer.from([0x03, 0xe8]))),
  text('{"type":"REPLAY","payload":{"last_sequence_id":0}}').repeat(20),
  text('x'.repeat(300)) + latin1(frame(OPCODE.pong)),
];

const FRAME_WORDS = [
  '\u0081',
  '\u0001',
  '\u0080',
  '\u0000',
  '\u0088\u0080',
  '\u0089',
  '\u008f',
  '\u00fe',
  '\u00ff',
].concat([
  '\u00ff'.repeat(8),
  '\u0000'.repeat(8),
  '\u00fe\u00ff\u00ff',
  '\u00c3\u0028',
  '"PING"',
  '{}',
  text(''),
  text('x'.repeat(200)),
]);

/** Who hears nothing for so long has heard all, in ms: a moment more or less only makes another input of it. */
const QUIET_MS = 15;

/** Writes it all, hears the answer, ends the own side, and waits until the server has ended its own. */
async function sendOnce({ url }: ServerProcess, input: string): Promise<Verdict> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    if (answer.length < 4_096) answer += chunk.toString('latin1');
  });
  // A reset is an answer too, where the server has no use for what is still on its way.
  socket.on('error', () => {});
  socket.setTimeout(QUIET_MS, () => socket.end());
  socket.write(Buffer.from(input, 'latin1'));
  await once(socket, 'close');
  always(!/^HTTP\/1\.1 500 /m.test(answer), 'nothing is a fault of the server');
  return /^HTTP\/1\.1 [12]\d\d /.test(answer) ? 'accepted' : 'refused';
}
