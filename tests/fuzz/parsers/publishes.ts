import { Buffer } from 'node:buffer';
import { decodeRecord, labelsOf } from '../../../src/adapters/redis/record.ts';
import type { AgentEvent } from '../../../src/protocol/events.ts';
import { MAX_PAYLOAD_BYTES } from '../../../src/protocol/events.ts';
import { isEventType, isId, isUserId } from '../../../src/protocol/ids.ts';
import { endsTask, progressFields, progressOf } from '../../../src/protocol/progress.ts';
import { eventFrame } from '../../../src/protocol/server-messages.ts';
import { parseBatchBody, parseEventBody } from '../../../src/routes/publish-body.ts';
import { always, type Parser, type Verdict } from '../parser.ts';
import { JSON_WORDS } from './samples.ts';

const STATUS =
  '{"event_type":"AGENT_STATUS_CHANGED","user_id":"u-1","agent_id":"a-1","project_id":"p-1","priority":"critical",' +
  '"payload":{"old_status":"working","new_status":"failed","task_id":"t-1","progress":40,"message":"…"}}';
const PROGRESS =
  '{"event_type":"PROGRESS_UPDATE","user_id":"auth0|5f","agent_id":"a-1",' +
  '"payload":{"task_id":"t-1","current_step":1,"total_steps":3,"progress_percent":33.3,"message":"m"}}';
const NOTE =
  '{"event_type":"NOTE","user_id":"ada@example.com","agent_id":"a.b:c","payload":{"n":[1,{"x":null}]}}';

const words = [
  ...JSON_WORDS,
  '"payload":',
  '"event_type":',
  '"user_id":',
  '"agent_id":"b"',
  '"task_id":',
  '"end"',
].concat([
  '"total_steps":',
  '"current_step":',
  '"merged":0',
  '"sequence_id":7',
  '"PROGRESS_UPDATE"',
  '"PING"',
  '"{u}"',
]);

/** Bodies of one event (contract §5). */
export const publishes: Parser = {
  name: 'publishes',
  corpus: { texts: [STATUS, PROGRESS, NOTE], words },
  check: (input) => judge(parseEventBody(input)),
};

/** Bodies of several. */
export const batches: Parser = {
  name: 'batches',
  corpus: {
    texts: [`{"events":[${STATUS},${PROGRESS}]}`, `{"events":[${NOTE}]}`],
    words: [...words, '"events":'],
  },
  check: (input) => judge(parseBatchBody(input)),
};

function judge(parsed: readonly AgentEvent[] | Response): Verdict {
  if (parsed instanceof Response) {
    always(parsed.status === 400 || parsed.status === 413, 'a refusal is a 400 or a 413');
    return 'refused';
  }
  for (const event of parsed) wellFormed(event);
  return 'accepted';
}

function wellFormed(event: AgentEvent): void {
  const { eventType, userId, agentId, projectId, payload } = event;
  always(isEventType(eventType) && isUserId(userId) && isId(agentId), 'an event has its ids');
  always(projectId === null || isId(projectId), 'a project is an id');
  always(JSON.stringify(payload).length <= MAX_PAYLOAD_BYTES, 'a payload is no larger than it may be');
  const progress = progressOf(event);
  const { head, tail } = eventFrame(event, 0);
  const frame = head + (progress === null ? 7 : progressFields(progress.percent, null)) + tail;
  const message = JSON.parse(frame) as { type: string; payload: { agent_id: string; project_id?: string } };
  always(
    message.type === eventType && message.payload.agent_id === agentId,
    'clients get what was published',
  );
  always(projectId === null || message.payload.project_id === projectId, 'and the project of it');
  always(!frame.includes('\n'), 'a frame is one line');
  const labels = labelsOf({ ...event, progress, endsTask: endsTask(event), frame: { head, tail } });
  const place = progress === null ? '' : ` 1 1 ${progress.step} ${progress.total}`;
  const record = decodeRecord(Buffer.from(`e ${progress === null ? 7 : '~'} ${labels}${place}\n${frame}`));
  always(
    record?.header.agentId === agentId && record.header.projectId === projectId,
    'labels are read as written',
  );
  always(record?.header.taskId === event.taskId, 'the task is read as written');
}
