/** Of the package, and so of both documents; a test compares them. */
const VERSION = '0.1.0';

/** What both documents say of themselves. */
export const infoOf = (title: string, description: string) => ({
  title,
  version: VERSION,
  description,
  license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
});

/** A document as its file has it, and as it is served. */
export const textOf = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;
