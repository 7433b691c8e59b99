import { AGENT_OPERATIONS } from './http/agents.ts';
import type { Operation, Parameter } from './http/operation.ts';
import { TAGS } from './http/operation.ts';
import { OPERATIONS_OPERATIONS } from './http/operations.ts';
import { OPERATOR_OPERATIONS } from './http/operators.ts';
import { SECURITY, SECURITY_SCHEMES } from './http/proofs.ts';
import { PUBLISHING_OPERATIONS } from './http/publishing.ts';
import { HEADERS, jsonContent, problemExamples, responsesOf } from './http/responses.ts';
import { HTTP_SCHEMAS } from './http/schemas.ts';
import { infoOf } from './info.ts';
import { schemaComponents } from './json-schema.ts';

/** Every route of the server; a test compares them with those of the router. */
export const HTTP_OPERATIONS: readonly Operation[] = [
  ...AGENT_OPERATIONS,
  ...PUBLISHING_OPERATIONS,
  ...OPERATOR_OPERATIONS,
  ...OPERATIONS_OPERATIONS,
];

const DESCRIPTION = `Agent workers publish signed events; every dashboard of that user gets them, in order, with what it missed.

Errors are \`application/problem+json\` (RFC 9457); \`type\` is \`urn:agentcast:problem:\` and a name. A refused request changes
nothing. Another method than those of a route is answered by 405 with \`Allow\`; where there is a GET there is a HEAD. What is
at no route is 404. A request that is no HTTP is 400 \`bad-request\`.`;

/** The HTTP routes as an OpenAPI 3.1 document. */
export const openApiDocument = () => ({
  openapi: '3.1.1',
  info: infoOf('agentcast', DESCRIPTION),
  // Relative: whoever got the document knows where from.
  servers: [{ url: '/', description: 'The server that this document came from.' }],
  tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  paths: pathsOf(HTTP_OPERATIONS),
  components: {
    schemas: schemaComponents(HTTP_SCHEMAS),
    headers: HEADERS,
    examples: problemExamples(HTTP_OPERATIONS),
    securitySchemes: SECURITY_SCHEMES,
  },
});

function pathsOf(operations: readonly Operation[]): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationObject(operation) };
  }
  return paths;
}

function operationObject(operation: Operation): object {
  const { operationId, tag, summary, description, parameters = [], body, proof } = operation;
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterObject) }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: jsonContent(body) } }),
    security: SECURITY[proof],
    responses: responsesOf(operation),
  };
}

const parameterObject = ({ isList = false, ...parameter }: Parameter): object => ({
  ...parameter,
  ...(isList ? { style: 'form', explode: false } : {}),
});
