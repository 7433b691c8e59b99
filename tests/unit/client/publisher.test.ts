import { describe, expect, test } from 'vitest';
import { accepting, type Call, KEY, note, numberOf, publisherTo } from '../../support/publisher-rig.ts';
import { signRequest } from '../../support/sign-request.ts';

describe('a request', () => {
  test('is signed as the server checks it', async () => {
    const { publisher, calls } = publisherTo(accepting);
    const answer = publisher.publish(note(7, { payload: { n: 7, text: 'ä€😀' } }));
    await publisher.flush();
    expect(await answer).toEqual({ sequence_id: 7, epoch: 'A' });
    const [{ url, headers, body }] = calls as [Call];
    const seconds = Number(headers.get('webhook-timestamp'));
    expect(url).toBe('https://example.com/api/v1/internal/ws/publish/batch');
    expect(headers.get('x-service-name')).toBe('workers');
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(5);
    expect(headers.get('webhook-signature')).toBe(
      signRequest({
        id: headers.get('webhook-id') ?? '',
        timestamp: new Date(seconds * 1_000),
        content: body,
        secret: KEY,
      }),
    );
  });

  test('takes what came within a few milliseconds, in order; what comes meanwhile goes next', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { publisher, calls, clock, called } = publisherTo(async (call, at) => {
      if (at === 1) await held;
      return accepting(call, at);
    });
    const answers = [publisher.publish(note(1)), publisher.publish(note(2))];
    await clock.advance(4);
    expect(calls).toEqual([]);
    answers.push(publisher.publish(note(3)));
    await clock.advance(1);
    await called(1);
    answers.push(publisher.publish(note(4)), publisher.publish(note(5)));
    await clock.advance(1_000);
    expect(calls).toHaveLength(1);
    release();
    expect((await Promise.all(answers)).map(({ sequence_id }) => sequence_id)).toEqual([1, 2, 3, 4, 5]);
    expect(calls.map(({ events }) => events.map(numberOf))).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  test('holds 500 events and 1 MiB at most', async () => {
    const { publisher, calls } = publisherTo(accepting);
    const many = Array.from({ length: 1_100 }, (_, n) => publisher.publish(note(n)));
    await publisher.flush();
    await Promise.all(many);
    expect(calls.map(({ events }) => events.length)).toEqual([500, 500, 100]);

    const text = 'é'.repeat(20_000);
    const large = Array.from({ length: 40 }, (_, n) => publisher.publish(note(n, { payload: { n, text } })));
    await publisher.flush();
    await Promise.all(large);
    const bytes = calls.slice(3).map(({ body }) => Buffer.byteLength(body));
    expect(Math.max(...bytes)).toBeLessThanOrEqual(1024 * 1024);
    expect(bytes).toHaveLength(2);
  });
});

describe('the queue', () => {
  test('is bounded by number and by bytes', async () => {
    const full = { code: 'queue_full' };
    const { publisher } = publisherTo(accepting, { maxQueued: 2 });
    const taken = [publisher.publish(note(1)), publisher.publish(note(2))];
    await expect(publisher.publish(note(3))).rejects.toMatchObject(full);
    await publisher.flush();
    await Promise.all(taken);
    await Promise.all([publisher.publish(note(4)), publisher.flush()]);

    const small = publisherTo(accepting, { maxQueuedBytes: 200 }).publisher;
    const one = small.publish(note(1));
    await expect(small.publish(note(2, { payload: { n: 2, text: 'x'.repeat(200) } }))).rejects.toMatchObject(
      full,
    );
    await small.flush();
    await one;
    for (let n = 2; n < 6; n++) await Promise.all([small.publish(note(n)), small.flush()]);
  });

  test('close sends what waits, and takes nothing more', async () => {
    const { publisher, calls } = publisherTo(accepting);
    const answer = publisher.publish(note(1));
    await publisher.close();
    expect((await answer).sequence_id).toBe(1);
    await expect(publisher.publish(note(2))).rejects.toMatchObject({ code: 'closed' });
    expect(calls).toHaveLength(1);
  });

  test('an event larger than any request is refused at once', async () => {
    const { publisher } = publisherTo(accepting);
    const text = 'x'.repeat(1024 * 1024);
    await expect(publisher.publish(note(1, { payload: { text } }))).rejects.toMatchObject({
      code: 'too_large',
    });
  });
});

test.each([
  [{ key: 'secret' }, /key: wanted whsec_/],
  [{ key: 'whsec_!' }, /key: wanted whsec_/],
  [{ url: 'wss://example.com' }, /url: wanted/],
  [{ giveUpAfterMs: 600_000 }, /giveUpAfterMs: got 600000/],
])('refuses %j', (wrong, message) => {
  expect(() => publisherTo(accepting, wrong)).toThrow(message);
});
