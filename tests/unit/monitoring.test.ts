import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { alertRules, dashboard, ROOT, readDeployed } from '../support/monitoring.ts';

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
  const rules = alertRules();
  const { tests } = parse(readDeployed('prometheus/alerts.test.yml')) as { tests: readonly AlertTest[] };
  const runbook = readFileSync(`${ROOT}docs/runbook.md`, 'utf8');

  test.each(rules)('$alert: says what is wrong and where to read on', ({ alert, annotations, labels }) => {
    expect(alert).toMatch(/^Agentcast[A-Z]/);
    expect(['critical', 'warning']).toContain(labels.severity);
    const { summary, description, runbook_url, ...more } = annotations;
    expect(summary).not.toBe('');
    expect(description).toMatch(/ .*\.$/);
    // Where GitHub puts the heading of that name.
    expect(runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    expect(more).toEqual({});
  });

  test.each(rules)('$alert: has a test that it fires, and one that it is silent', ({ alert }) => {
    const expected = tests
      .flatMap(({ alert_rule_test }) => alert_rule_test)
      .filter(({ alertname }) => alertname === alert)
      .map(({ exp_alerts }) => exp_alerts.length);
    expect(expected.toSorted()).toEqual([0, 0, 1]);
  });

  test('has a part of the runbook for each, in the same order, and for no other', () => {
    const section = runbook.split(/^## /m).find((text) => text.startsWith('Alerts\n')) ?? '';
    const headings = [...section.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    expect(headings).toEqual(rules.map(({ alert }) => alert));
  });
});

test('deploy/prometheus/prometheus.yml scrapes the instances of compose.yaml, as the job that alerts name', () => {
  const { scrape_configs } = parse(readDeployed('prometheus/prometheus.yml')) as Scraping;
  const { services } = parse(readDeployed('compose.yaml'), { merge: true }) as Compose;
  const instances = Object.keys(services).filter((name) => services[name]?.build !== undefined);
  expect(scrape_configs).toMatchObject([{ job_name: 'agentcast' }, { job_name: 'haproxy' }]);
  const targets = scrape_configs.map(({ static_configs }) => static_configs.flatMap((one) => one.targets));
  expect(targets).toEqual([instances.map((name) => `${name}:8080`), ['haproxy:8405']]);
  expect(services.haproxy?.environment?.METRICS_LISTEN).toBe(':8405');
});

type AlertTest = {
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly unknown[];
  }[];
};

type Service = { readonly build?: unknown; readonly environment?: Readonly<Record<string, string>> };
type Compose = { readonly services: Readonly<Record<string, Service>> };

type Scraping = {
  readonly scrape_configs: readonly {
    readonly job_name: string;
    readonly static_configs: readonly { readonly targets: readonly string[] }[];
  }[];
};
