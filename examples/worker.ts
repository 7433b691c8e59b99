import { createPublisher } from 'agentcast/client';

const { AGENTCAST_SERVICE_KEY = '', AGENTCAST_URL: url = 'http://127.0.0.1:8080' } = process.env;
const [service = '', key = ''] = AGENTCAST_SERVICE_KEY.split(':');
try {
  if (key === '') throw new Error('wanted AGENTCAST_SERVICE_KEY=name:whsec_…, as agentcast keygen makes it');
  const publisher = createPublisher({ url, service, key });
  const { sequence_id } = await publisher.publish({
    event_type: 'AGENT_STATUS_CHANGED',
    user_id: 'u-1',
    agent_id: 'coder',
    payload: { old_status: 'working', new_status: 'completed', task_id: 't-1' },
  });
  console.log(`published as ${sequence_id}`);
  await publisher.close();
} catch (error) {
  console.error(`not published: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
