import { describe, expect, test } from 'vitest';
import { newUser } from '../support/tokens.ts';
import type { Fields } from '../support/worker.ts';
import type { ServerRig } from './server-rig.ts';

/** Contract §3: OR within one filter, AND between them. */
export function filterSuite(rig: () => ServerRig): void {
  describe('filters', () => {
    const event = (
      user: string,
      n: number,
      [agent, project, type]: [string, string | undefined, string],
    ): Fields => ({
      event_type: type,
      user_id: user,
      agent_id: agent,
      project_id: project,
      payload: { n },
    });

    test.each<[string, Record<string, string>, number[]]>([
      ['none', {}, [1, 2, 3, 4, 5, 6]],
      ['one agent', { agent_ids: 'a-1,a-end' }, [1, 3, 5]],
      ['agents: OR', { agent_ids: 'a-1,a-2,a-end' }, [1, 2, 3, 4, 5]],
      ['a project; what has none does not pass', { project_ids: 'p-1,p-end' }, [1, 2, 6]],
      ['projects: OR', { project_ids: 'p-1,p-2,p-end' }, [1, 2, 3, 6]],
      ['a type', { event_types: 'SOME,NUMBERED' }, [1, 2, 3, 6]],
      ['agent AND project', { agent_ids: 'a-1,a-end', project_ids: 'p-1,p-end' }, [1]],
      [
        'all three',
        { agent_ids: 'a-1,a-2,a-end', project_ids: 'p-1,p-2,p-end', event_types: 'OTHER,NUMBERED' },
        [],
      ],
    ])('%s', async (_, query, expected) => {
      const user = newUser();
      const client = await rig().live(user, { query });
      const all: [string, string | undefined, string][] = [
        ['a-1', 'p-1', 'SOME'],
        ['a-2', 'p-1', 'SOME'],
        ['a-1', 'p-2', 'SOME'],
        ['a-2', undefined, 'OTHER'],
        ['a-1', undefined, 'OTHER'],
        ['a-3', 'p-1', 'SOME'],
      ];
      expect(
        await rig().numbersSeen(
          client,
          user,
          all.map((labels, index) => event(user, index + 1, labels)),
        ),
      ).toEqual(expected);
    });

    test('progress is filtered too', async () => {
      const user = newUser();
      const client = await rig().live(user, { query: { agent_ids: 'a-1,a-end' } });
      const progress = (agent: string, n: number): Fields => ({
        event_type: 'PROGRESS_UPDATE',
        user_id: user,
        agent_id: agent,
        payload: { task_id: `t-${n}`, current_step: 1, total_steps: 2, n },
      });
      expect(await rig().numbersSeen(client, user, [progress('a-2', 1), progress('a-1', 2)])).toEqual([2]);
    });
  });
}
