import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asyncApiDocument } from '../../../src/contracts/asyncapi.ts';
import { textOf } from '../../../src/contracts/info.ts';
import { HTTP_OPERATIONS, openApiDocument } from '../../../src/contracts/openapi.ts';
import { CLOSE } from '../../../src/protocol/close-codes.ts';
import { CONNECT_PARAMETERS } from '../../../src/protocol/connect-request.ts';
import { PROBLEMS } from '../../../src/protocol/problems.ts';
import { SERVER_PAYLOADS } from '../../../src/protocol/server-payloads.ts';
import { SERVER_TYPES } from '../../../src/protocol/server-types.ts';
import type { AsyncApi } from '../../support/documented.ts';
import { documentText, Judge } from '../../support/documented.ts';
import { DocumentedAnswers } from '../../support/documented-answers.ts';
import { routesOfServer } from '../../support/server-routes.ts';

const openApi = openApiDocument();
const asyncApi = asyncApiDocument();

describe('the documents', () => {
  it.each([
    ['openapi', openApi],
    ['asyncapi', asyncApi],
  ] as const)('docs/%s.json is what the schemas say', (name, document) => {
    // Not compared by toBe: a difference of thousands of lines helps nobody.
    const isSame = documentText(name) === textOf(document);
    expect(isSame, `docs/${name}.json is out of date: run \`npm run contracts\` and commit it`).toBe(true);
  });

  it('have the version of the package', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect([openApi.info.version, asyncApi.info.version]).toEqual([version, version]);
  });
});

describe('OpenAPI', () => {
  it('has every route of the server, and no other', () => {
    const documented = Object.entries(openApi.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(routesOfServer().sort()).toEqual(documented.sort());
  });

  it('has every parameter of an upgrade', () => {
    const { parameters = [] } = HTTP_OPERATIONS.find(({ path }) => path === '/ws/agents') ?? {};
    const names = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
    // The token is a security scheme.
    expect(['token', ...names].sort()).toEqual([...CONNECT_PARAMETERS].sort());
  });

  it('has every problem, but for that of another method', () => {
    const kinds = new DocumentedAnswers().promised.map((answer) => answer.split(' ').at(3));
    const named = new Set(kinds.filter((kind) => kind !== undefined));
    expect([...named, 'method-not-allowed'].sort()).toEqual(Object.keys(PROBLEMS).sort());
  });

  it('tells nothing of where the server runs', () => {
    expect(openApi.servers.map(({ url }) => url)).toEqual(['/']);
  });
});

describe('AsyncAPI', () => {
  const { messages } = (asyncApi as AsyncApi).components;

  it('has every message of the server', () => {
    expect(Object.keys(SERVER_PAYLOADS).sort()).toEqual([...SERVER_TYPES].sort());
    expect(Object.keys(messages)).toEqual(expect.arrayContaining([...SERVER_TYPES]));
  });

  it('has every close code', () => {
    const codes = asyncApi.channels.agents['x-close-codes'].map(({ code }) => code);
    expect(codes).toEqual(Object.values(CLOSE).map(({ code }) => code));
  });

  it('has examples that are such messages', () => {
    const judge = new Judge(asyncApi, { isExact: true });
    for (const [name, { payload, examples }] of Object.entries(messages)) {
      for (const example of examples) expect(judge.fault(payload.$ref, example.payload), name).toBeNull();
    }
  });
});
