import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { GraphFromOptions } from '../../../src/graphs/spec/graph-from.ts';
import type { GraphSpec } from '../../../src/graphs/spec/graph-spec.ts';
import { CommitStore } from '../../../src/io/dataset/commit-store.ts';

const CHILD = resolve(import.meta.dirname, '../../fixtures/graph-child.mjs');

/** How the tests of specs run what they made. */
export const run = { memory: '1GiB', device: 'cpu', onMessage: () => {} } as const;

/** What another process made of a spec, or why it refused it. */
export interface Answer {
  readonly graphId?: string;
  readonly videos?: { readonly committed: number };
  readonly code?: string;
  readonly message?: string;
}

/**
 * What another process makes of a spec, which it gets as JSON: its dataset goes into a directory.
 */
export async function elsewhere(
  spec: GraphSpec,
  given: { readonly options: GraphFromOptions; readonly out: string; readonly clip: string; readonly cwd: string },
): Promise<Answer> {
  const { options, out, clip, cwd } = given;
  const child = fork(CHILD, { cwd, env: { ...process.env, NODE_OPTIONS: '' }, execArgv: [] });
  const answered = once(child, 'message');
  child.send({ spec: JSON.parse(JSON.stringify(spec)), options, out, clips: [clip] });
  const [answer] = await answered;
  return answer as Answer;
}

/** Units of a dataset: keys, rows, lengths and values. */
export async function rowsOf(dataset: string) {
  const store = await CommitStore.open(dataset);
  const units = (await store.keys()).map(async (key) => {
    const { itemId, start, end, frames, columns } = await store.read(key);
    return { key, itemId, start, end, frames, columns };
  });
  return Promise.all(units);
}
