import { writeFileSync } from 'node:fs';
import { asyncApiDocument } from '../contracts/asyncapi.ts';
import { textOf } from '../contracts/info.ts';
import { openApiDocument } from '../contracts/openapi.ts';

const documents = { 'openapi.json': openApiDocument(), 'asyncapi.json': asyncApiDocument() };

// `npm run contracts`: the documents as files of the repository. The server makes them itself.
for (const [name, document] of Object.entries(documents)) {
  writeFileSync(new URL(`../../docs/${name}`, import.meta.url), textOf(document));
}
