import { createSignatureVerifier } from '../../../src/adapters/auth/signatures.ts';
import { signRequest } from '../../support/sign-request.ts';
import { always, type Parser } from '../parser.ts';

const SECRET = `whsec_${Buffer.alloc(24, 'fuzz').toString('base64')}`;
const verifier = createSignatureVerifier({ keys: [{ name: 'workers', secret: SECRET }] });
const now = new Date();
const at = String(Math.floor(now.getTime() / 1000));

const request = (id: string, content: string): string =>
  [id, at, signRequest({ id, timestamp: now, content, secret: SECRET }), 'workers', content].join('\n');

const SIGNED = [
  request('msg-1', '{"a":1}'),
  request('m', '/api/v1/internal/ws/instances'),
  request('1.2', ''),
];
/** What was signed, and is accepted with whatever else stands beside its signature. */
const signedContents = new Set(SIGNED.map((text) => signedPart(text.split('\n'))));

function signedPart([id, timestamp, , service, ...content]: string[]): string {
  return JSON.stringify([id, timestamp, service, content.join('\n')]);
}

/** `webhook-id`, `webhook-timestamp`, `webhook-signature`, `x-service-name` and the body, a line each. */
export const signatures: Parser = {
  name: 'signatures',
  corpus: {
    texts: SIGNED,
    words: ['\n', '.', `.${at}`, 'v1,', ' v1,', ' ', at, 'workers', '=', 'v1a,', 'nobody'],
  },
  check(input) {
    const words = input.split('\n');
    const [id, timestamp, signature, service, ...content] = words;
    const headers = { id, timestamp, signature, service };
    const isSigned = verifier.faultOf({ ...headers, content: content.join('\n') }) === null;
    always(!isSigned || signedContents.has(signedPart(words)), 'nothing is accepted that was not signed');
    always(!isSigned || verifier.formFaultOf(headers) === null, 'what is signed could be');
    return isSigned ? 'accepted' : 'refused';
  },
};
