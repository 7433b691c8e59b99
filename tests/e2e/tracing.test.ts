import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ServerRig, WAIT } from '../conformance/server-rig.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';
import type { Runtime } from '../support/server-process.ts';
import { startServer } from '../support/server-process.ts';
import { newUser } from '../support/tokens.ts';
import { numberedEvent } from '../support/worker.ts';

const PRELOAD = fileURLToPath(new URL('../support/otel-preload.mjs', import.meta.url));
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;

/** How a platform has a server of each runtime give traces (docs/tracing.md). */
const SETUP: Readonly<Record<Runtime, Record<string, string>>> = {
  node: { NODE_OPTIONS: `--import ${PRELOAD}` },
  deno: { OTEL_DENO: 'true', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_BSP_SCHEDULE_DELAY: '50' },
};

describe.each<Runtime>(['node', 'deno'])('a server on %s whose platform wants traces', (runtime) => {
  let receiver: OtlpReceiver;
  let rig: ServerRig;

  beforeAll(async () => {
    receiver = await OtlpReceiver.start('agentcast');
    const env = { ...SETUP[runtime], OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    rig = new ServerRig(await startServer({ runtime, env }));
  });
  afterAll(async () => {
    await rig?.server.stop();
    receiver?.stop();
  });

  test("gives spans from the worker's part of the trace to the delivery", async () => {
    const user = newUser();
    const client = await rig.live(user);
    await rig.live(user);
    await rig.worker.accepted(numberedEvent(user, 1), { headers: { traceparent: TRACEPARENT } });
    const message = await client.until(({ payload }) => payload.n === 1);
    await vi.waitFor(() => expect(receiver.spans).toHaveLength(3), WAIT);
    const of = (name: string) => receiver.spans.find((span) => span.name === `agentcast ${name}`);
    const [publish, append, deliver] = [of('publish'), of('append'), of('deliver')];
    expect([publish, append, deliver].map((span) => [span?.kind, span?.traceId, span?.parentSpanId])).toEqual(
      [
        [2, TRACE_ID, SPAN_ID],
        [4, TRACE_ID, publish?.spanId],
        [5, TRACE_ID, append?.spanId],
      ],
    );
    expect(deliver?.attributes).toMatchObject({ 'agentcast.connections': '2', 'agentcast.sequence_id': '1' });
    expect(message).toMatchObject({ traceparent: `00-${TRACE_ID}-${append?.spanId}-01` });
  });
});
