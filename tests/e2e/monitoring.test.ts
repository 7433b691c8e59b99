import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { queries, ROOT } from '../support/monitoring.ts';
import { noPromtool, promtool } from '../support/promtool.ts';

const inDeploy = (file: string): string => `${ROOT}deploy/prometheus/${file}`;

/** What Prometheus itself says of what is deployed beside a server. */
describe.skipIf(noPromtool !== null)(`promtool${noPromtool === null ? '' : ` (${noPromtool})`}`, () => {
  test.each([
    ['the alert rules', ['check', 'rules', inDeploy('alerts.yml')]],
    ['the configuration, and the rules that it names', ['check', 'config', inDeploy('prometheus.yml')]],
    [
      'that each alert fires when it should, and is silent in health',
      ['test', 'rules', inDeploy('alerts.test.yml')],
    ],
  ])('approves of %s', async (_, command) => {
    const { status, output } = await promtool(command);
    expect(status, output).toBe(0);
    expect(output).toContain('SUCCESS');
  });

  test('can read every query of the dashboard', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'agentcast-queries-'));
    try {
      // JSON is YAML, and spares the quoting.
      const rules = queries().map((expr, index) => ({ record: `query_${index}`, expr }));
      const file = join(directory, 'queries.yml');
      await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
      const { status, output } = await promtool(['check', 'rules', file]);
      expect(status, output).toBe(0);
      expect(output).toContain(`SUCCESS: ${rules.length} rules found`);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
