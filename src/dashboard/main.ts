import type { Connection, StreamEvent } from '../client/index.ts';
import { connect } from '../client/index.ts';
import { AgentBoard } from './agent-board.ts';
import { AgentCards } from './agent-cards.ts';
import { ConnectionPanel } from './connection-panel.ts';
import { byId } from './dom.ts';
import { EventList } from './event-list.ts';
import { FilterChips } from './filter-form.ts';
import type { LinkSwitch } from './link-switch.ts';
import { createLinkSwitch } from './link-switch.ts';
import type { Session } from './session.ts';
import { askForFlood, loadSession } from './session.ts';

/** Who watches wants to see it come back. */
const BACKOFF = { firstMs: 500, longestMs: 8_000 };

const board = new AgentBoard();
const cards = new AgentCards(byId('agents', HTMLElement));
const events = new EventList(byId('events', HTMLElement));
const panel = new ConnectionPanel();
const link = createLinkSwitch();
const now = (): number => performance.now();

function connectTo({ url }: Session): Connection {
  const connection = connect({
    url,
    // Asked anew every time: a server that was started again may want another token.
    getToken: async () => (await loadSession()).token,
    WebSocket: link.Socket,
    fetch: link.fetch,
    backoff: BACKOFF,
  });
  panel.listen(connection, now);
  offerRetry(connection);
  return connection;
}

/** Not `disabled`, which would take the focus away; and always there, so that nothing moves. */
function offerRetry(connection: Connection): void {
  const button = byId('retry', HTMLButtonElement);
  button.addEventListener('click', () => connection.retryNow());
  connection.on('state', ({ state }) => {
    button.ariaDisabled = String(state !== 'waiting');
  });
}

function showEvents(connection: Connection): void {
  const filter = (): void => {
    const choice = { agents: agents.chosen, types: types.chosen };
    connection.subscribe({ agent_ids: choice.agents, event_types: choice.types });
    cards.filter(choice.agents);
    events.filter(choice);
  };
  const agents = new FilterChips(byId('agent-filter', HTMLElement), filter);
  const types = new FilterChips(byId('type-filter', HTMLElement), filter);
  connection.on('event', (event: StreamEvent) => {
    agents.offer(event.payload.agent_id);
    types.offer(event.type);
    // Of agents without a card, nothing is kept: there may be any number of them.
    if (cards.hasRoomFor(event.payload.agent_id)) cards.show(board.take(event, now()), now());
    if (event.kind !== 'progress') events.add(event, board.lifeOf(event.epoch));
  });
  connection.on('gap', (gap) => events.addGap(gap, board.lifeOf(gap.epoch)));
}

function offerCut({ cut, restore }: LinkSwitch): void {
  const button = byId('cut', HTMLButtonElement);
  button.addEventListener('click', () => {
    const isCut = button.ariaPressed === 'true';
    button.ariaPressed = String(!isCut);
    button.textContent = isCut ? 'Cut the link' : 'Join the link';
    if (isCut) restore();
    else cut();
  });
}

function offerFlood(address: string): void {
  const button = byId('flood', HTMLButtonElement);
  button.hidden = false;
  button.addEventListener('click', () => {
    if (button.ariaDisabled === 'true') return;
    // Not `disabled`, which would take the focus away.
    button.ariaDisabled = 'true';
    const again = (): void => {
      button.ariaDisabled = null;
    };
    askForFlood(address)
      .catch((error: Error) => void panel.say(error.message))
      .finally(again);
  });
}

async function start(): Promise<void> {
  const session = await loadSession();
  showEvents(connectTo(session));
  offerCut(link);
  if (session.flood !== undefined) offerFlood(session.flood);
  setInterval(() => {
    cards.tick(now());
    panel.tick(now());
  }, 500);
}

start().catch((error: Error) => panel.fail(`${error.message}; reload to try again`));
