/** What Node is given to run TypeScript: nothing from 22.18 on, which strips types by itself, as in the image. */
export const TYPESCRIPT_ARGUMENTS: readonly string[] =
  'typescript' in process.features && process.features.typescript ? [] : ['--import', 'tsx'];
