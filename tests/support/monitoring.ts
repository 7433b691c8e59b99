import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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

/** The names of the alerts, in the order of the file. */
export const alerts = (): string[] =>
  [...readDeployed('prometheus/alerts.yml').matchAll(/^ +- alert: (\w+)$/gm)].map(([, name = '']) => name);
