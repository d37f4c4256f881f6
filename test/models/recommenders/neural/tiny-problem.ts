import { createHash } from 'node:crypto';
import type { Modality } from '../../../../src/models/recommenders/neural/architectures.ts';
import type { FeatureSource } from '../../../../src/models/recommenders/neural/feature-source.ts';
import type { TrainingSet } from '../../../../src/models/recommenders/neural/training-set.ts';

/**
 * 20 users, 16 items, ratings 3 + 1.8 taste x look: learnt by a small network in seconds.
 * Synthetic.
 */
const USERS = 20;
const ITEMS = 16;
const taste = (user: number): number => Math.sin(1.7 * user);
const look = (item: number): number => Math.cos(2.3 * item);

export const tinyModalities: readonly Modality[] = [
  { name: 'visual', dimension: 3, steps: 4, lstm: [6, 4] },
  { name: 'audio', dimension: 2, steps: 4, lstm: [4] },
];

/** The item of the tiny problem that has no sound. */
export const silentItem = 5;

/** Settings that suit the tiny problem. */
export const tinySettings = {
  seed: 3,
  epochs: 8,
  embedding: 8,
  batchSize: 16,
  dropout: 0.1,
  learningRate: 0.02,
} as const;

function pairs(keep: (row: number) => boolean) {
  const rows = Array.from({ length: USERS * ITEMS }, (_, row) => row).filter(keep);
  const users = Int32Array.from(rows, (row) => Math.floor(row / ITEMS));
  const items = Int32Array.from(rows, (row) => row % ITEMS);
  const values = Float32Array.from(
    rows,
    (_, index) => 3 + 1.8 * taste(users[index] as number) * look(items[index] as number),
  );
  return { users, items, values };
}

export const tinyTraining: TrainingSet = {
  ...pairs((row) => row % 10 !== 3),
  ...{ userCount: USERS, itemCount: ITEMS, scale: { minimum: 1, maximum: 5 } },
};

export const tinyValidation = pairs((row) => row % 10 === 3);

/**
 * Features from which an item's look can be read, computed again on each read. `reads` gets the
 * number of items of each.
 */
export function tinyFeatures(reads: number[] = []): FeatureSource {
  return {
    modalities: tinyModalities,
    async read(items, into) {
      reads.push(items.length);
      for (const { name, steps, dimension } of tinyModalities) {
        const values = into[name] as Float32Array;
        for (const at of values.keys()) {
          const item = items[Math.floor(at / (steps * dimension))] as number;
          const step = Math.floor(at / dimension) % steps;
          values[at] = (look(item) * (step + 1)) / steps + 0.1 * (at % dimension);
        }
      }
      return {
        visual: new Uint8Array(items.length).fill(1),
        audio: Uint8Array.from(items, (item) => (item === silentItem ? 0 : 1)),
      };
    },
  };
}

/** SHA-256 over all weights: equal only when they are the same bit by bit. */
export function hashOf(weights: ReadonlyMap<string, Float32Array>): string {
  const hash = createHash('sha256');
  for (const [name, values] of weights) {
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}
