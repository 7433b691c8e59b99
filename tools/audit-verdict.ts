export type AuditVerdict =
  | { readonly kind: 'passed'; readonly lesser: number }
  /** A line for each package that must not be used as it is. */
  | { readonly kind: 'found'; readonly lines: readonly string[] }
  /** It could not be asked, which says nothing of the packages. */
  | { readonly kind: 'unavailable'; readonly reason: string };

type Vulnerability = { readonly severity: string; readonly via: readonly (string | Advisory)[] };
type Advisory = { readonly title?: string };
type AuditReport = {
  readonly vulnerabilities?: Readonly<Record<string, Vulnerability>>;
  readonly statusCode?: number;
};

const GRAVE = ['high', 'critical'];

/** What `npm audit --json` wrote comes to. Its own errors name hosts, and are not repeated. */
export function auditVerdict(stdout: string): AuditVerdict {
  const report = reportOf(stdout);
  if (report?.vulnerabilities === undefined) {
    const status = report?.statusCode;
    return { kind: 'unavailable', reason: status === undefined ? 'no answer' : `the answer was ${status}` };
  }
  const all = Object.entries(report.vulnerabilities);
  const grave = all.filter(([, { severity }]) => GRAVE.includes(severity));
  if (grave.length === 0) return { kind: 'passed', lesser: all.length };
  return {
    kind: 'found',
    lines: grave.map(([name, found]) => `${name}: ${found.severity}, ${reasonOf(found)}`),
  };
}

/** Titles of advisories, or the packages that it comes through. */
const reasonOf = ({ via }: Vulnerability): string =>
  via.map((one) => (typeof one === 'string' ? `through ${one}` : (one.title ?? 'untitled'))).join('; ');

function reportOf(stdout: string): AuditReport | null {
  try {
    return JSON.parse(stdout) as AuditReport | null;
  } catch {
    return null;
  }
}

type LockedPackage = { readonly dev?: boolean; readonly license?: string };

/** Licences that ask for no more than that their text is kept. */
const PERMISSIVE = [
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'Unlicense',
];

/** The packages of a package-lock.json that run in production under another licence, a line each. */
export function otherLicences(lock: {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}): string[] {
  const running = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  return running.flatMap(([path, { license = 'none named' }]) => {
    const choices = license.replace(/[()]/g, '').split(' OR ');
    return choices.some((choice) => PERMISSIVE.includes(choice)) ? [] : [`${path}: ${license}`];
  });
}
