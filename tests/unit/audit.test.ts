import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { auditVerdict, otherLicences } from '../../tools/audit-verdict.ts';

const reportOf = (vulnerabilities: object): string =>
  JSON.stringify({ auditReportVersion: 2, vulnerabilities });

describe('what npm audit says', () => {
  it('passes where nothing is known', () => {
    expect(auditVerdict(reportOf({}))).toEqual({ kind: 'passed', lesser: 0 });
  });

  it('passes with what is neither high nor critical', () => {
    const found = { one: { severity: 'low', via: ['x'] }, other: { severity: 'moderate', via: ['x'] } };
    expect(auditVerdict(reportOf(found))).toEqual({ kind: 'passed', lesser: 2 });
  });

  it('fails with what is, and says why', () => {
    const found = {
      ws: { severity: 'high', via: [{ title: 'Denial of service', url: 'https://advisories.example/1' }] },
      mine: { severity: 'critical', via: ['ws', {}] },
      fine: { severity: 'info', via: [] },
    };
    expect(auditVerdict(reportOf(found))).toEqual({
      kind: 'found',
      lines: ['ws: high, Denial of service', 'mine: critical, through ws; untitled'],
    });
  });

  it.each([
    ['', 'no answer'],
    ['null', 'no answer'],
    ['npm error\n', 'no answer'],
    ['{"error":{"code":"ENOTFOUND","summary":"host.example"}}', 'no answer'],
    ['{"message":"405 - POST https://host.example","statusCode":405}', 'the answer was 405'],
  ])('proves nothing where there is no report: %j', (stdout, reason) => {
    expect(auditVerdict(stdout)).toEqual({ kind: 'unavailable', reason });
  });
});

describe('licences', () => {
  const lockOf = (license?: string, dev = false) => ({
    packages: { '': {}, 'node_modules/a': { license, dev } },
  });

  it.each(['MIT', 'Apache-2.0', '(GPL-3.0 OR MIT)', 'MIT OR Apache-2.0'])('%s will do', (license) => {
    expect(otherLicences(lockOf(license))).toEqual([]);
  });

  it.each(['GPL-3.0', 'MIT AND GPL-3.0', 'UNLICENSED', undefined])('%s is shown', (license) => {
    expect(otherLicences(lockOf(license))).toEqual([`node_modules/a: ${license ?? 'none named'}`]);
    expect(otherLicences(lockOf(license, true))).toEqual([]);
  });

  it('of what runs in production are all permissive', () => {
    const lock = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8');
    expect(otherLicences(JSON.parse(lock))).toEqual([]);
  });
});
