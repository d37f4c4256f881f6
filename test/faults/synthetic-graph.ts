import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { from } from 'rxjs';
import { MediaError } from '../../src/core/errors.ts';
import { type Graph, graphId } from '../../src/graphs/graph.ts';
import type { DatasetDescription } from '../../src/io/dataset/dataset-file.ts';
import { joinRows } from '../../src/io/dataset/join.ts';
import type { UnitTable } from '../../src/io/dataset/schema.ts';
import type { Video } from '../../src/io/media/video.ts';

/** What the file of an item begins with that ends whoever computes it, or only its decoder. */
export const KILLS_WORKER = 'kills its worker';
export const KILLS_DECODER = 'kills its decoder';

/** Two vectors of a file's bytes: quick, and another as soon as one byte is. */
function unitOf(itemId: string, content: Buffer): UnitTable {
  const hash = createHash('sha256').update(content).digest();
  const rows = [0, 1].map((subclip) => ({
    ...{
      stream: 'visual',
      statistic: 'mean' as const,
      subclips: 2,
      subclip,
      start: subclip,
      end: subclip + 1,
      count: 1,
    },
    vector: Float32Array.from(hash.subarray(16 * subclip, 16 * subclip + 16), (byte) => byte / 256),
  }));
  return joinRows({ itemId, seconds: 2, rows });
}

/**
 * A graph over small files that takes `milliseconds` for each, decodes nothing, and whose files may
 * kill.
 */
export function syntheticGraph(milliseconds: number): Graph<Video, UnitTable, null> {
  return {
    ...{ name: 'synthetic', version: 1, params: {}, nodes: [] },
    itemId: ({ id }) => id,
    prepare: async () => ({ claim: 100, kept: 0, seconds: 2, frames: 2 }),
    unit: ({ id, path }, { signal }) => from(compute(id, path, milliseconds, signal)),
  };
}

async function compute(id: string, path: string, milliseconds: number, signal: AbortSignal): Promise<UnitTable> {
  const content = await readFile(path).catch((cause: unknown) => {
    throw new MediaError('unreadable', `${path} is gone`, { cause });
  });
  await sleep(milliseconds, undefined, { signal });
  const text = content.toString('latin1', 0, 40);
  if (text.startsWith(KILLS_WORKER)) process.kill(process.pid, 'SIGKILL');
  if (text.startsWith(KILLS_DECODER)) throw new MediaError('corrupt', 'the decoder was killed by SIGSEGV');
  return unitOf(id, content);
}

/** What a dataset says of it. */
export const description: DatasetDescription = {
  graphId: graphId({ name: 'synthetic', version: 1, params: {} }),
  ...{ name: 'synthetic', version: 1, params: {}, models: [] },
};
