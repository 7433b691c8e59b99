import { describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../../src/protocol/problems.ts';
import { PROBLEMS, problemResponse } from '../../../src/protocol/problems.ts';

describe('a refusal', () => {
  it('is problem+json (RFC 9457) that nobody keeps', async () => {
    const response = problemResponse({ code: 'draining', detail: 'this instance is draining' });
    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.has('retry-after')).toBe(false);
    expect(await response.json()).toEqual({
      type: 'urn:agentcast:problem:draining',
      title: 'Draining',
      status: 503,
      detail: 'this instance is draining',
    });
  });

  it('names its faults and its results where there are any', async () => {
    const errors = [{ path: 'payload.task_id', detail: 'missing' }];
    const results = [{ sequence_id: 1, epoch: 'e' }];
    const response = problemResponse({ code: 'invalid-event', detail: 'no', errors, results });
    expect(await response.json()).toMatchObject({ errors, results });
  });

  it.each([
    [1, '1'],
    [0, '1'],
    [1_000, '1'],
    [1_001, '2'],
    [59_999.5, '60'],
  ])('after %d ms says Retry-After: %s, in whole seconds', (retryAfterMs, header) => {
    const response = problemResponse({ code: 'draining', detail: '', retryAfterMs });
    expect(response.headers.get('retry-after')).toBe(header);
  });

  it('has the headers that it is given', () => {
    const headers = { 'www-authenticate': 'Bearer' };
    const response = problemResponse({ code: 'unauthorized', detail: '', headers });
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  it.each([
    [400, ['bad-request', 'invalid-parameters', 'invalid-event']],
    [401, ['unauthorized']],
    [403, ['origin-not-allowed']],
    [409, ['idempotency-conflict']],
    [413, ['too-large']],
    [415, ['unsupported-media-type']],
    [426, ['upgrade-required']],
    [429, ['too-many-connections', 'too-many-upgrades']],
    [503, ['draining', 'engine-unavailable', 'keys-unavailable', 'not-ready', 'instance-full']],
  ])('%i', (status, codes) => {
    expect(codes.map((code) => PROBLEMS[code as ProblemCode].status)).toEqual(codes.map(() => status));
  });
});
