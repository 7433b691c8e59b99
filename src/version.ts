/** The version of package.json, which a server may not read on Deno. */
export const VERSION = '0.1.0';
