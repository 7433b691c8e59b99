import { lintFromString, loadConfig } from '@redocly/openapi-core';
import { describe, expect, it } from 'vitest';
import { documentText } from '../../support/documented.ts';

const config = await loadConfig({ configPath: 'redocly.yaml' });

/** What the linter has against a document: errors and warnings, each with its place. */
async function complaints(source: string): Promise<string[]> {
  const problems = await lintFromString({ source, absoluteRef: 'document.json', config });
  return problems.map(
    ({ severity, ruleId, message, location }) =>
      `${severity} ${ruleId}: ${message} (${location[0]?.pointer})`,
  );
}

// A document is much for a machine that has other tests to run.
describe('a linter that knows the standard', { timeout: 30_000 }, () => {
  it.each(['openapi', 'asyncapi'] as const)('has nothing against docs/%s.json', async (name) => {
    expect(await complaints(documentText(name))).toEqual([]);
  });

  it.each([
    ['openapi', '"operationId": "isAlive"', '"operationID": "isAlive"', 'struct'],
    ['openapi', '"status": "ok"', '"status": "fine"', 'no-invalid-media-type-examples'],
    ['asyncapi', '"action": "send"', '"action": "shout"', 'struct'],
    ['asyncapi', '"#/components/schemas/Epoch"', '"#/components/schemas/Epic"', 'no-unresolved-refs'],
  ] as const)('would find a fault in docs/%s.json: %s as %s', async (name, right, wrong, rule) => {
    const text = documentText(name);
    expect(text).toContain(right);
    expect((await complaints(text.replace(right, wrong))).join('\n')).toContain(rule);
  });
});
