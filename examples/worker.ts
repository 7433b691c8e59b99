import { createPublisher } from 'agentcast/client';

const [service = '', key = ''] = (process.env.AGENTCAST_SERVICE_KEY ?? '').split(':');
const url = process.env.AGENTCAST_URL ?? 'http://127.0.0.1:8080';
const publisher = createPublisher({ url, service, key });

const { sequence_id } = await publisher.publish({
  event_type: 'AGENT_STATUS_CHANGED',
  user_id: 'u-1',
  agent_id: 'coder',
  payload: { old_status: 'working', new_status: 'completed', task_id: 't-1' },
});
console.log(`published as ${sequence_id}`);
await publisher.close();
