import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSignatureVerifier } from '../../src/adapters/auth/signatures.ts';
import type { SignedRequest } from '../../src/core/ports/auth.ts';
import { signRequest } from '../support/sign-request.ts';

const NOW = Date.UTC(2026, 0, 8, 12);
const secretOf = (letter: string) => `whsec_${btoa(letter.repeat(32))}`;
const OLD = secretOf('a');
const NEW = secretOf('b');
const OTHER = secretOf('c');
const BODY = '{"event_type":"AGENT_STATUS_CHANGED","message":"größer ✓"}';

const verifier = createSignatureVerifier({
  keys: [
    { name: 'worker', secret: OLD },
    { name: 'worker', secret: NEW },
    { name: 'ops', secret: OTHER },
  ],
});

const accepts = (request: SignedRequest): boolean => verifier.faultOf(request) === null;

type Signing = { id?: string; at?: number; content?: string; secret?: string; service?: string };

/** A request as a service sends it, signed. */
function signed(signing: Signing = {}): SignedRequest {
  const { id = 'msg_1', at = NOW, content = BODY, secret = OLD, service = 'worker' } = signing;
  const signature = signRequest({ id, timestamp: new Date(at), content, secret });
  return { id, timestamp: String(Math.floor(at / 1000)), signature, service, content };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a signed request', () => {
  it('is what Standard Webhooks says it is', () => {
    const { signature, ...request } = signed();
    const hmac = createHmac('sha256', 'a'.repeat(32))
      .update(`msg_1.${NOW / 1000}.${BODY}`)
      .digest('base64');
    expect(signature).toBe(`v1,${hmac}`);
    expect(accepts({ ...request, signature: `v1,${hmac}` })).toBe(true);
  });

  it('may be signed with any key of its service, while keys rotate', () => {
    expect(accepts(signed({ secret: OLD }))).toBe(true);
    expect(accepts(signed({ secret: NEW }))).toBe(true);
    expect(accepts(signed({ secret: OTHER }))).toBe(false);
    expect(accepts(signed({ secret: OTHER, service: 'ops' }))).toBe(true);
  });

  it('without a body is signed over its target', () => {
    const target = '/api/v1/internal/ws/connections?user_id=u-1';
    expect(accepts(signed({ content: target }))).toBe(true);
    expect(accepts({ ...signed({ content: target }), content: target.replace('u-1', 'u-2') })).toBe(false);
  });

  it('may carry several signatures, of which one is right', () => {
    const { signature } = signed();
    const wrong = signed({ secret: OTHER }).signature;
    for (const list of [
      `${wrong} ${signature}`,
      `${signature} ${wrong}`,
      `v1a,abc ${signature}`,
      `v9 ${signature}`,
    ]) {
      expect(accepts({ ...signed(), signature: list })).toBe(true);
    }
    expect(accepts({ ...signed(), signature: `${wrong} ${wrong}` })).toBe(false);
  });
});

describe('a changed request', () => {
  it.each<[string, Partial<SignedRequest>]>([
    ['another body', { content: BODY.replace('STATUS', 'status') }],
    ['an empty body', { content: '' }],
    ['another id', { id: 'msg_2' }],
    ['another timestamp', { timestamp: String(NOW / 1000 + 1) }],
    ['another service', { service: 'ops' }],
    ['an unknown service', { service: 'nobody' }],
    ['a name that objects have', { service: '__proto__' }],
    ['no id', { id: undefined }],
    ['no timestamp', { timestamp: undefined }],
    ['no signature', { signature: undefined }],
    ['no service', { service: undefined }],
    ['an empty signature', { signature: '' }],
    ['a signature without its version', { signature: signed().signature?.slice(3) }],
    ['the signature as another version', { signature: signed().signature?.replace('v1', 'v1a') }],
    ['a shortened signature', { signature: signed().signature?.slice(0, -1) }],
    ['a version alone', { signature: 'v1' }],
    ['a version and nothing', { signature: 'v1,' }],
  ])('%s is refused', (_name, change) => {
    expect(accepts(signed())).toBe(true);
    expect(accepts({ ...signed(), ...change })).toBe(false);
  });
});

describe('what was wrong', () => {
  it.each<[string, Partial<SignedRequest>]>([
    ['missing', { id: undefined }],
    ['missing', { timestamp: undefined }],
    ['missing', { signature: undefined }],
    ['missing', { service: undefined }],
    ['malformed', { id: 'a b' }],
    ['malformed', { id: 'msg.1795400000.x' }],
    ['malformed', { timestamp: 'now' }],
    ['malformed', { signature: 'v1,x '.repeat(17) }],
    ['malformed', { signature: '' }],
    ['unknown_service', { service: 'nobody' }],
    ['unknown_service', { service: 'nobody', timestamp: String(NOW / 1000 - 1_000) }],
    ['stale', { timestamp: String(NOW / 1000 - 301) }],
    ['stale', { timestamp: String(NOW / 1000 + 301) }],
    ['wrong', { signature: `v1,${'A'.repeat(43)}=` }],
    ['wrong', { content: '{}' }],
    ['wrong', { service: 'ops' }],
  ])('is told to the server: %s', (fault, change) => {
    expect(verifier.faultOf({ ...signed(), ...change })).toBe(fault);
  });
});

describe('time', () => {
  it('may be five minutes off, not a second more', () => {
    for (const [seconds, fine] of [
      [-300, true],
      [-301, false],
      [300, true],
      [301, false],
    ] as const) {
      expect(accepts(signed({ at: NOW + seconds * 1000 }))).toBe(fine);
    }
  });

  // `parseInt` reads a number in all of these, and the signature over that number is right.
  it.each(['abc', '.0', ' ', 'e3', ',1', '\n'])('a timestamp followed by %j is refused', (rest) => {
    expect(accepts({ ...signed(), timestamp: `${NOW / 1000}${rest}` })).toBe(false);
  });

  it.each(['', '-1', '+', '0', ' 1767873600', '01767873600', '1e9', '0x695f9c40', 'NaN'])(
    'timestamp %j is refused',
    (timestamp) => {
      expect(accepts({ ...signed(), timestamp })).toBe(false);
    },
  );
});

describe('id', () => {
  it.each(['m', 'x'.repeat(256), 'job-1.2', 'v1.0.3', '0.8444133012345678', 'a{"b"}', '.'])(
    '%j will do',
    (id) => {
      expect(accepts(signed({ id }))).toBe(true);
    },
  );

  it.each(['', 'x'.repeat(257), 'a b', 'a\tb', 'a\u0000', 'ümlaut'])(
    '%j is refused, though well signed',
    (id) => {
      expect(accepts(signed({ id }))).toBe(false);
    },
  );

  it('cannot move the cut between id, timestamp and body', () => {
    const at = String(NOW / 1000);
    const inner = `7.${at}.{"event_type":"FORGED"}`;
    const { signature } = signed({ id: 'msg', content: inner });
    const readings = [
      { id: 'msg', timestamp: at, content: inner },
      { id: `msg.${at}.7`, timestamp: at, content: '{"event_type":"FORGED"}' },
    ].map((reading) => ({ ...reading, signature, service: 'worker' }));
    expect(readings.map((reading) => accepts(reading))).toEqual([true, false]);
  });

  it('cannot end in a timestamp either', () => {
    const at = String(NOW / 1000);
    const content = `${at}.{"event_type":"FORGED"}`;
    const { signature } = signed({ id: 'msg', content });
    const cut = {
      id: `msg.${at}`,
      timestamp: at,
      content: '{"event_type":"FORGED"}',
      signature,
      service: 'worker',
    };
    expect(accepts(cut)).toBe(false);
  });
});

describe('bounds', () => {
  it('takes at most 16 signatures, in at most 4 KiB', () => {
    const { signature } = signed();
    const listOf = (count: number) => [...Array(count - 1).fill('v1,x'), signature].join(' ');
    expect(accepts({ ...signed(), signature: listOf(16) })).toBe(true);
    expect(accepts({ ...signed(), signature: listOf(17) })).toBe(false);
    expect(accepts({ ...signed(), signature: `v1,${'x'.repeat(4050)} ${signature}` })).toBe(false);
  });

  it('an unknown service takes about the time of a known one', () => {
    const content = 'x'.repeat(200_000);
    const request = signed({ content, secret: NEW, service: 'ops' });
    const fastest = (service: string) => {
      const times = Array.from({ length: 10 }, () => {
        const startedAt = performance.now();
        accepts({ ...request, service });
        return performance.now() - startedAt;
      });
      return Math.min(...times);
    };
    fastest('ops');
    const ratio = fastest('nobody') / fastest('ops');
    expect(ratio).toBeGreaterThan(0.2);
    expect(ratio).toBeLessThan(5);
  });
});

describe('what could not be signed, whatever its body is', () => {
  const headers = signed();

  it('is told by the headers alone', () => {
    expect(verifier.formFaultOf(headers)).toBe(null);
    expect(verifier.formFaultOf({ ...headers, signature: `v1,x v2,y ${headers.signature}` })).toBe(null);
  });

  it.each([
    { id: undefined },
    { id: 'a b' },
    { timestamp: undefined },
    { timestamp: 'now' },
    { signature: undefined },
    { signature: '' },
    { signature: 'v1,x' },
    { signature: `v1,${'A'.repeat(44)}` },
    { signature: `v2,${'A'.repeat(43)}=` },
  ])('%j', (fields) => {
    expect(verifier.formFaultOf({ ...headers, ...fields })).toMatch(/^(missing|malformed)$/);
  });

  it('and says nothing of the services there are', () => {
    for (const service of ['nobody', '', undefined]) {
      expect(verifier.formFaultOf({ ...headers, service })).toBe(null);
    }
  });
});

describe('keys', () => {
  it.each(['', 'whsec_', 'whsec_!!secret!!', btoa('x'.repeat(32))])(
    '%j is refused, and not repeated',
    (secret) => {
      let message = '';
      try {
        createSignatureVerifier({ keys: [{ name: 'ops', secret }] });
      } catch (error) {
        message = String(error);
      }
      expect(message).toBe('Error: key of service "ops": wanted whsec_ followed by base64');
    },
  );

  it('without any, nothing verifies', () => {
    expect(createSignatureVerifier({ keys: [] }).faultOf(signed())).toBe('unknown_service');
  });
});
