import { Command } from 'commander';
import { URL_MEANING, URL_OPTION } from '../server-url.ts';
import { KEY_FILE_MEANING, KEY_FILE_OPTION } from '../service-key.ts';
import type { Shell } from '../shell.ts';
import type { PublishOptions } from './publish.ts';

const EXAMPLES = `
An event is made of flags, or each line of the file is one, as the publish route takes it:
  {"event_type":"AGENT_STATUS_CHANGED","user_id":"u-1","agent_id":"a-1","payload":{"old_status":"idle","new_status":"working"}}

Up to 500 events go in one request, in their order. A request that got no answer, or one that may pass (429, 5xx), is sent again
under the same webhook-id, which publishes nothing twice. A line that is no event is named with its number on standard error and
left out; the others are published, and the exit status is 1.

Examples:
  agentcast publish --user u-1 --agent coder --status failed --task t-1 --message 'the build breaks'
  agentcast publish --user u-1 --agent coder --task t-1 --step 3 --steps 10
  agentcast publish --user u-1 --agent coder --type AGENT_MESSAGE --payload '{"message":"hello"}'
  agentcast publish events.ndjson
  produce-events | agentcast publish --json -`;

/** `agentcast publish`: events from flags, a file or standard input. */
export function publishCommand(shell: Shell): Command {
  return new Command('publish')
    .description(
      'Publish one event from flags, or many from a file or standard input (one JSON object a line).',
    )
    .argument('[file]', 'NDJSON file; - or absent, without flags of an event: standard input')
    .option('--user <id>', 'whose dashboards get it')
    .option('--agent <id>', 'agent that it is about')
    .option('--project <id>', 'project of the agent')
    .option('--type <type>', 'event type; --status and --step bring theirs')
    .option('--priority <priority>', 'critical, high, normal or low (default: by type and status)')
    .option('--status <status>', 'AGENT_STATUS_CHANGED: idle, working, stuck, failed, completed or cancelled')
    .option('--old-status <status>', 'status before it (default: idle before working, else working)')
    .option('--step <number>', 'PROGRESS_UPDATE: the step reached, of --steps; needs --task')
    .option('--steps <number>', 'PROGRESS_UPDATE: all steps of the task')
    .option('--task <id>', 'task that it is about')
    .option('--progress <percent>', 'of a status: how far its task is')
    .option('--message <text>', 'words for people')
    .option('--payload <json>', 'payload as a JSON object; the flags above go over its fields')
    .option(
      '--id <webhook-id>',
      'begin of the webhook-ids: the same id and input within 10 minutes publish nothing twice',
    )
    .option('--retry-for <duration>', 'how long a request is tried again, at most 9m', '30s')
    .option('--json', 'print a JSON line for each published event')
    .option(URL_OPTION, URL_MEANING)
    .option(KEY_FILE_OPTION, KEY_FILE_MEANING)
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: PublishOptions) => {
      const { publish } = await import('./publish.ts');
      shell.finish(await publish(shell, file ?? null, options));
    });
}
