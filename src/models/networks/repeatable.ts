import { ModelError } from '../../core/errors.ts';
import type { Device } from '../onnx/device-name.ts';
import type { NetworkCard } from './card.ts';
import type { Network } from './embedder.ts';

/**
 * By what fraction of its largest value a vector may change with the number of rows: kernels may
 * sum in a different order.
 */
const tolerance = 1e-3;

/**
 * Asserts that an open network always returns the same vector for a row, whatever rows run with it:
 * a row is run alone, at several places of a full batch, and once more. A network that draws random
 * numbers (exported in training mode) or mixes the rows of a batch would give different features
 * with each run or batch size, under one name. A card that says `"repeatable": false` is not
 * checked.
 *
 * @throws ModelError `card` saying which of the two it is, and what the card may declare; the
 * network is closed.
 */
export async function checkRepeatable(network: Network, card: NetworkCard, device: Device): Promise<void> {
  if (card.repeatable === false) return;
  try {
    await compareRows(network, card, device);
  } catch (error) {
    await network.close();
    throw error;
  }
}

async function compareRows(network: Network, card: NetworkCard, device: Device): Promise<void> {
  const [first, second, third] = sampleRows(card) as [Uint8Array, Uint8Array, Uint8Array];
  const [alone] = await network.embed([first]);
  // At several places of a full batch, which may be run in parts: a row may depend on one that is
  // some places away.
  const places = Array.from({ length: network.maxBatch }, (_, index) => index).filter((index) => index % 6 === 1);
  const others = Array.from({ length: network.maxBatch }, (_, index) => (index % 2 === 0 ? second : third));
  for (const place of places) others[place] = first;
  const beside = await network.embed(others);
  const [again] = await network.embed([first]);
  // On the CPU, the same run gives the same bits.
  const drawn = difference(alone, again);
  if (drawn > (device === 'cpu' ? 0 : tolerance)) {
    throw new ModelError(
      'card',
      `${card.name} gave two different vectors for the same input, ${apart(drawn)}: it draws random numbers`,
      {
        remedy:
          'Export it for inference (PyTorch: model.eval(); training=TrainingMode.EVAL). If randomness is intended, add "repeatable": false to its card.',
      },
    );
  }
  const mixed = Math.max(0, ...places.map((place) => difference(alone, beside[place])));
  if (mixed > tolerance) {
    throw new ModelError(
      'card',
      `${card.name} gives a row a different vector in a batch than alone, ${apart(mixed)}: its rows depend on each other`,
      {
        remedy:
          'Add "alone": true to its card, so that each row is run alone. If this is intended, add "repeatable": false.',
      },
    );
  }
}

const apart = (share: number) => `${Number((100 * share).toPrecision(2))} % of the largest value apart`;

/** The largest difference between two vectors, relative to their largest value. */
function difference(left: Float32Array = new Float32Array(), right: Float32Array = new Float32Array()): number {
  let greatest = 0;
  let most = 0;
  for (const [index, value] of left.entries()) {
    const other = right[index] as number;
    greatest = Math.max(greatest, Math.abs(value), Math.abs(other));
    if (!Object.is(value, other)) most = Math.max(most, Math.abs(value - other));
  }
  return most === 0 ? 0 : most / greatest;
}

/** Three very different rows: noise over all values, dark or quiet noise, bright or loud noise. */
function sampleRows({ input }: NetworkCard): readonly (Uint8Array | Float32Array)[] {
  const next = noise();
  const ranges = [
    [0, 1],
    [0, 0.1],
    [0.9, 1],
  ] as const;
  return ranges.map(([least, most]) => {
    const draw = () => least + (most - least) * next();
    if (input.kind === 'frames') {
      return Uint8Array.from({ length: input.width * input.height * 3 }, () => Math.round(255 * draw()));
    }
    return Float32Array.from({ length: input.patchSamples }, (_, index) => (index % 2 === 0 ? draw() : -draw()));
  });
}

/** The same numbers from 0 to 1 at each call (Park and Miller's generator). */
function noise(): () => number {
  let state = 1;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
