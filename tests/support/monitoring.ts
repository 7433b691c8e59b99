import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const readDeployed = (path: string): string => readFileSync(`${ROOT}deploy/${path}`, 'utf8');

export type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
};

export type Dashboard = {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
};

export const dashboard = (): Dashboard => JSON.parse(readDeployed('grafana/agentcast.json')) as Dashboard;

/** The queries of the dashboard, with values in place of Grafana's variables. */
export const queries = (): string[] =>
  dashboard()
    .panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    .map((expr) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'));

/** Every series of ours that a text names. */
export const seriesIn = (text: string): string[] => [...new Set(text.match(/\bagentcast_[a-z_]+/g))];

export type AlertRule = {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string>>;
};

/** The alert rules, in the order of the file. */
export function alertRules(): readonly AlertRule[] {
  const { groups } = parse(readDeployed('prometheus/alerts.yml')) as { groups: { rules: AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}
