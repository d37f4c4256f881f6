// @ts-check
// JavaScript, because a worker thread of Node 20 cannot load TypeScript.

/** Whether Node.js runs this program, and not Bun or Deno. */
export const isNode = !('bun' in process.versions) && !('deno' in process.versions);
