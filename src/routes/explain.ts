import type { Account, Explainer, Explanation, LogAccount } from '../core/explainer.ts';
import type { ExplanationAnswer } from '../protocol/answers.ts';
import { isUserId, show, USER_ID_WANTED } from '../protocol/ids.ts';
import { jsonResponse } from '../protocol/responses.ts';
import type { AppContext } from './context.ts';
import { invalidParameters, parameterFaults } from './parameters.ts';

const SEQUENCE_ID_WANTED = `an integer from 1 to ${Number.MAX_SAFE_INTEGER}`;

/** What happened to one event: `?user_id=…&sequence_id=…`, both wanted. */
export async function explainEvent(c: AppContext, explainer: Explainer): Promise<Response> {
  const errors = parameterFaults(c, ['user_id', 'sequence_id']);
  const { user_id: userId = '', sequence_id: text = '' } = c.req.query();
  if (!isUserId(userId))
    errors.push({ path: 'user_id', detail: `got ${show(userId)}, wanted ${USER_ID_WANTED}` });
  const sequenceId = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(sequenceId) || sequenceId < 1)
    errors.push({ path: 'sequence_id', detail: `got ${show(text)}, wanted ${SEQUENCE_ID_WANTED}` });
  if (errors.length > 0) return invalidParameters(errors);
  const { log, accounts } = await explainer.explain(userId, sequenceId);
  const answer: ExplanationAnswer = {
    user_id: userId,
    sequence_id: sequenceId,
    log: log === null ? null : logJson(log),
    instances: [...accounts].map(([id, account]) => instanceJson(id, account)),
    history: historyJson(accounts),
  };
  return jsonResponse(answer);
}

const logJson = ({ state, tail, event }: LogAccount) => ({
  state,
  epoch: tail.epoch,
  oldest_sequence_id: tail.oldest,
  newest_sequence_id: tail.sequenceId,
  event: event && {
    event_type: event.eventType,
    agent_id: event.agentId,
    project_id: event.projectId,
    task_id: event.taskId,
    priority: event.priority,
    timestamp: event.timestamp,
  },
});

const instanceJson = (instanceId: string, account: Account | null) => ({
  instance_id: instanceId,
  answered: account !== null,
  ...(account && {
    connections: account.connections,
    knows_since: account.since === null ? null : time(account.since),
    left_out: account.leftOut,
  }),
});

/** Sorted by the clocks of the instances, which may differ. */
const historyJson = (accounts: Explanation['accounts']) =>
  [...accounts]
    .flatMap(([instanceId, account]) =>
      (account?.happenings ?? []).map((happening) => ({ instanceId, ...happening })),
    )
    .sort((one, other) => one.at - other.at)
    .map(({ at, instanceId, connectionId, what, reason }) => ({
      time: time(at),
      instance_id: instanceId,
      connection_id: connectionId,
      what,
      reason,
    }));

const time = (ms: number): string => new Date(ms).toISOString();
