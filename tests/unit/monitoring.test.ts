import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { alerts, dashboard, ROOT, readDeployed } from '../support/monitoring.ts';

describe('deploy/grafana/agentcast.json', () => {
  const { panels, templating } = dashboard();
  const shown = panels.filter(({ type }) => type !== 'row');

  test('has a row for each question', () => {
    expect(panels.filter(({ type }) => type === 'row').map(({ title }) => title)).toEqual([
      'Traffic',
      'Connections',
      'Loss and gaps',
      'Latency',
      'Redis and cluster',
      'Process',
    ]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  test.each(shown)('$title: has a unit, says what to do, and asks the source that is chosen', (panel) => {
    expect(panel.title).not.toBe('');
    expect(panel.fieldConfig?.defaults.unit).toMatch(/\w/);
    // A sentence or more: what it shows is in the title.
    expect(panel.description?.length).toBeGreaterThan(40);
    const { targets = [] } = panel;
    expect(targets.length).toBeGreaterThan(0);
    for (const { uid } of [panel, ...targets].map(({ datasource }) => datasource ?? { uid: '' }))
      expect(uid).toMatch(/^\$\{datasource\}$/);
    for (const { expr } of targets) expect(expr).toContain('{instance=~"$instance"');
  });

  test('is for any source and any instance', () => {
    expect(templating.list).toMatchObject([
      { name: 'datasource', type: 'datasource' },
      { name: 'instance', type: 'query' },
    ]);
  });
});

describe('deploy/prometheus/alerts.yml', () => {
  const rules = readDeployed('prometheus/alerts.yml')
    .split(/^ +- alert: /m)
    .slice(1);
  const tests = readDeployed('prometheus/alerts.test.yml');
  const runbook = readFileSync(`${ROOT}docs/runbook.md`, 'utf8');

  test.each(alerts())('%s: says what is wrong and where to read on, and is tested', (name) => {
    const rule = rules.find((text) => text.startsWith(`${name}\n`)) ?? '';
    expect(rule).toMatch(/^ +severity: (critical|warning)$/m);
    for (const annotation of ['summary', 'description'])
      expect(rule).toMatch(new RegExp(`^ +${annotation}: '.{15,}'$`, 'm'));
    expect(rule).toContain(`runbook_url: docs/runbook.md#${name.toLowerCase()}\n`);
    // Fires on bad series, and is silent on those of a healthy cluster.
    expect(tests).toContain(`- name: ${name}\n`);
    expect(tests).toMatch(new RegExp(`alertname: ${name}, exp_alerts: \\[\\]`));
  });

  test('has a part of the runbook for each, in the same order, and for no other', () => {
    const section = runbook.split(/^## /m).find((text) => text.startsWith('Alerts\n')) ?? '';
    const headings = [...section.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    expect(headings).toEqual(alerts());
  });
});
