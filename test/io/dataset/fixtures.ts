import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { joinRows } from '../../../src/io/dataset/join.ts';
import type { UnitTable } from '../../../src/io/dataset/schema.ts';
import { dimensionOf, type Statistic } from '../../../src/operators/statistics.ts';
import type { SubclipRow } from '../../../src/operators/subclips.ts';

/** A temporary directory, removed when the test is over. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'reelflow-dataset-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** What a made-up unit has. */
export interface UnitShape {
  readonly itemId: string;
  readonly streams?: Readonly<Record<string, number>>;
  readonly counts?: readonly number[];
  readonly statistics?: readonly Statistic[];
  readonly seed?: number;
}

/** Rows with repeatable values, exact in float32. */
export function unitRows(shape: UnitShape): SubclipRow[] {
  const { itemId, streams = { visual: 6, audio: 3 }, counts = [2], statistics = ['mean'], seed = 1 } = shape;
  let state = seed;
  const next = () => {
    state = (state * 48271) % 2147483647;
    return Math.fround((state / 2147483647 - 0.5) * 10);
  };
  return counts.flatMap((subclips) =>
    Array.from({ length: subclips }, (_, subclip) =>
      Object.entries(streams).flatMap(([stream, dimension]) =>
        statistics.map((statistic) => ({
          item: itemId,
          stream,
          statistic,
          subclips,
          subclip,
          start: (subclip * 10) / subclips,
          end: ((subclip + 1) * 10) / subclips,
          count: stream === 'audio' ? share(6, subclip, subclips) : share(12, subclip, subclips),
          vector: Float32Array.from({ length: dimensionOf(statistic, dimension) }, next),
        })),
      ),
    ).flat(),
  );
}

/** Rows of a subclip when there are `total` in all. */
function share(total: number, subclip: number, subclips: number): number {
  return Math.floor(((subclip + 1) * total) / subclips) - Math.floor((subclip * total) / subclips);
}

/** A unit of such rows. */
export function unitTable(shape: UnitShape): UnitTable {
  return joinRows({ itemId: shape.itemId, rows: unitRows(shape), seconds: 10 });
}

/** A key: 64 hexadecimal digits. */
export function keyOf(index: number): string {
  return createHash('sha256').update(String(index)).digest('hex');
}
