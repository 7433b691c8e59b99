import { describe, expect, it } from 'vitest';
import { httpLimits } from '../../../src/adapters/transport/listener.ts';

describe('what a client has for a request', () => {
  it.each([10_000, 500, 10])(
    'is over in time, and the look for who is late with it: %i ms for a head',
    (limit) => {
      const { headersTimeout, requestTimeout, connectionsCheckingInterval: look } = httpLimits(limit);
      expect(headersTimeout + look).toBeLessThanOrEqual(limit);
      expect(requestTimeout + look).toBeLessThanOrEqual(3 * limit);
      // 0 would mean for ever.
      expect(Math.min(look, headersTimeout, requestTimeout)).toBeGreaterThan(0);
    },
  );
});
