import { connect } from 'agentcast/client';

const connection = connect({
  url: '/ws/agents', // or wss://…
  getToken: async () => (await fetch('/session/token')).text(), // from your own server, which knows its user
  filters: { agent_ids: ['coder', 'reviewer'] },
});
connection.on('AGENT_STATUS_CHANGED', ({ payload }) => console.log(payload.agent_id, payload.new_status));
connection.on('PROGRESS_UPDATE', ({ payload }) => console.log(payload.task_id, payload.progress_percent));
connection.on('gap', (gap) => console.log('missing', gap.from_sequence_id, gap.to_sequence_id, gap.reason));
connection.on('state', ({ state, why }) => console.log(state, why));
