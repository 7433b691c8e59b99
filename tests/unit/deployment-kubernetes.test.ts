import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Deployment } from 'kubernetes-types/apps/v1.d.ts';
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.d.ts';
import type { Service } from 'kubernetes-types/core/v1.d.ts';
import type { Ingress } from 'kubernetes-types/networking/v1.d.ts';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.d.ts';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { configOf, withSecrets } from '../support/deployed-config.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Manifests = [Deployment, Service, PodDisruptionBudget, HorizontalPodAutoscaler, Ingress];
/** Where Kubernetes' own types have each of them, in the order of the file. */
const TYPES = [
  'apps/v1.Deployment',
  'core/v1.Service',
  'policy/v1.PodDisruptionBudget',
  'autoscaling/v2.HorizontalPodAutoscaler',
  'networking/v1.Ingress',
] as const;

const documents = parseAllDocuments(readFileSync(`${root}deploy/kubernetes.yaml`, 'utf8'), { strict: true });
const manifests = documents.map((document) => document.toJS()) as unknown as Manifests;
const [deployment, service, budget, autoscaler, ingress] = manifests;
const pod = deployment.spec?.template.spec;
const container = pod?.containers[0];
const env = Object.fromEntries(
  (container?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
);

describe('deploy/kubernetes.yaml', () => {
  test('is what Kubernetes takes, down to the last field', async () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect(await typeFaults(manifests)).toBe('');
  }, 30_000);

  test('gives a drain its time, and the Service time to forget an instance before it', () => {
    const sleep = Number(container?.lifecycle?.preStop?.exec?.command?.[1]);
    const grace = (pod?.terminationGracePeriodSeconds ?? 0) * 1_000;
    expect(sleep).toBeGreaterThan(0);
    expect(grace).toBeGreaterThan(sleep * 1_000 + configOf(env).drainTimeoutMs + 5_000);
  });

  test('sets variables that the server has, and leaves secrets to the Secret', () => {
    expect(() => configOf(env)).not.toThrow();
    expect(Object.keys(env).filter((name) => name in withSecrets({}))).toEqual([]);
    expect(container?.envFrom).toEqual([{ secretRef: { name: 'agentcast' } }]);
  });

  test('asks the server at the port and at paths that it has', () => {
    const { startupProbe, readinessProbe, livenessProbe } = container ?? {};
    expect(readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'http' });
    for (const probe of [startupProbe, livenessProbe]) {
      expect(probe?.httpGet).toEqual({ path: '/healthz', port: 'http' });
    }
    // As the image has it: ENV PORT=8080.
    expect(container?.ports).toEqual([{ name: 'http', containerPort: configOf(env).port }]);
    expect(service.spec?.ports?.[0]?.targetPort).toBe('http');
  });

  test('means the same instances everywhere', () => {
    const labels = deployment.spec?.template.metadata?.labels;
    expect(deployment.spec?.selector.matchLabels).toEqual(labels);
    expect(service.spec?.selector).toEqual(labels);
    expect(budget.spec?.selector?.matchLabels).toEqual(labels);
    expect(autoscaler.spec?.scaleTargetRef.name).toBe(deployment.metadata?.name);
    const paths = ingress.spec?.rules?.[0]?.http?.paths ?? [];
    expect(paths.map(({ path }) => path)).toEqual(['/ws/agents']);
    expect(paths[0]?.backend.service?.name).toBe(service.metadata?.name);
  });

  test('takes one instance away at a time, and scales before any is full', () => {
    expect(deployment.spec?.strategy?.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    expect(budget.spec?.maxUnavailable).toBe(1);
    const wanted = Number(autoscaler.spec?.metrics?.[0]?.pods?.target.averageValue);
    expect(wanted).toBeLessThan(configOf(env).maxConnectionsPerInstance);
    expect(autoscaler.spec?.metrics?.[0]?.pods?.metric.name).toBe('agentcast_connections');
  });

  test('gives the server nothing to write to, and no rights', () => {
    expect(pod?.securityContext?.runAsNonRoot).toBe(true);
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });
});

/** What the compiler says of these as literals of Kubernetes' types, which may have no field that those do not. */
async function typeFaults(values: readonly object[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'agentcast-manifests-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const lines = values.map((value, index) => {
    const [module = '', name = ''] = TYPES[index]?.split('.') ?? [];
    return `export const m${index}: import('kubernetes-types/${module}.d.ts').${name} = ${JSON.stringify(value, null, 1)};`;
  });
  const file = join(folder, 'manifests.ts');
  await writeFile(file, lines.join('\n'));
  const compiler = join(root, 'node_modules/.bin/tsc');
  expect(existsSync(compiler)).toBe(true);
  const checking = promisify(execFile)(compiler, [
    '--noEmit',
    '--strict',
    '--ignoreConfig',
    '--module',
    'nodenext',
    file,
  ]);
  return await checking.then(
    ({ stdout }) => stdout,
    (fault: { stdout: string }) => fault.stdout,
  );
}
