export type WelcomeOptions = {
  /** `http://host:port` */
  readonly address: string;
  /** Whether the dashboard page is there. */
  readonly hasPage: boolean;
  readonly token: string;
  /** A shell command that publishes. */
  readonly publishCommand: string;
};

/** What the demo says at its start: where it is, and what to try. */
export function welcomeText({ address, hasPage, token, publishCommand }: WelcomeOptions): string {
  const stream = `${address.replace('http', 'ws')}/ws/agents?token=${token}`;
  const page = hasPage ? `\nSee it in a browser: ${address}/\n` : '';
  return `
agentcast demo: 6 simulated agents in 2 projects, on the embedded engine
${page}
  Address  ${address}
  Token    ${token}
           (user demo-user, valid for one day and for this run of the demo)

See live events, in a second terminal in this folder:

  npm run watch -- "${stream}"

Only the checkout project, only status changes:

  npm run watch -- "${stream}&project_ids=checkout-service&event_types=AGENT_STATUS_CHANGED"

Ask why a connection would be refused, or that it would not (426):

  curl -i '${address}/ws/agents?token=${token}'

Publish an event yourself, as a worker with a signature (good for 5 minutes; a second time it is a duplicate):

  ${publishCommand}

Stop with Ctrl-C. Below, what the agents publish:
`;
}
