import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFileSync } from '../../core/atomic-file-sync.ts';
import { directoryFailure } from '../../core/directory-failure.ts';
import { ModelError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { wordsOf } from '../../core/words-of.ts';
import type { EarlyStoppingState } from './early-stopping.ts';
import type { PlateauState } from './plateau.ts';
import type { StateTensor, StateValues } from './state.ts';

const magic = 'reelflow-checkpoint-1\n';
/** A header is a few pages at most; anything that claims more is not a checkpoint. */
const maxHeader = 16 * 2 ** 20;

/** The result of an epoch. */
export interface EpochRecord {
  /** Counted from 0. */
  readonly epoch: number;
  /** Mean of the loss over the training rows during training. */
  readonly trainingLoss: number;
  /** Null without validation data. */
  readonly validationLoss: number | null;
  readonly learningRate: number;
  readonly steps: number;
}

/** The progress of a training, besides its tensors. */
export interface TrainingProgress {
  readonly epoch: number;
  /** Number of batches of that epoch that have been processed. */
  readonly batches: number;
  /**
   * Number of steps over all epochs. Dropout masks depend only on it and the seed, so it is the
   * entire state of the randomness.
   */
  readonly step: number;
  /** Sum of loss times rows, and rows, of the epoch so far. */
  readonly lossSum: number;
  readonly rows: number;
  readonly history: readonly EpochRecord[];
  readonly plateau: PlateauState;
  readonly earlyStopping: EarlyStoppingState;
  readonly finished: boolean;
}

/** A training that can continue. */
export interface Checkpoint {
  /**
   * Identity of the training: module, optimiser, options, data. A checkpoint of another training is
   * refused.
   */
  readonly identity: string;
  readonly progress: TrainingProgress;
  readonly state: StateValues;
  /** The state with the best validation loss; empty before the end of the first epoch. */
  readonly best: StateValues;
}

/**
 * Writes a checkpoint whole or not at all: a temporary file, `fsync`, `rename`. Layout: the line
 * `reelflow-checkpoint-1`, uint32 (little-endian) length of a JSON header, the header, then the
 * tensors as raw little-endian float32, concatenated in the order of the header's `tensors`.
 *
 * @throws SystemError `not-writable`, `disk-full`; an existing checkpoint is kept.
 */
export function writeCheckpoint(path: string, tensors: readonly StateTensor[], checkpoint: Checkpoint): void {
  const { identity, progress, state, best } = checkpoint;
  const bodies = [...state, ...best].map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength),
  );
  const header = {
    identity,
    progress,
    tensors: tensors.map(({ input, length }) => ({ name: input, length })),
    copies: best.length > 0 ? 2 : 1,
    sha256: sha256(...bodies),
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.byteLength);
  try {
    replaceFileSync(path, Buffer.from(magic), length, text, ...bodies);
  } catch (error) {
    throw directoryFailure(dirname(path), error);
  }
}

/**
 * Reads the checkpoint of a training.
 *
 * @returns undefined if there is no file.
 * @throws ModelError `weights` if the file is not a checkpoint or is damaged, `shape` if it belongs
 * to another training.
 */
export function readCheckpoint(
  path: string,
  tensors: readonly StateTensor[],
  identity: string,
): Checkpoint | undefined {
  const remedy = 'Remove the file to train from scratch.';
  const broken = (what: string, cause?: unknown) =>
    new ModelError('weights', `checkpoint ${path} cannot be read: ${what}`, { remedy, cause });
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw broken(wordsOf(error), error);
  }
  const start = magic.length + 4;
  if (bytes.byteLength < start || bytes.toString('latin1', 0, magic.length) !== magic)
    throw broken('it is not a checkpoint');
  const headerLength = bytes.readUInt32LE(magic.length);
  if (headerLength > maxHeader || start + headerLength > bytes.byteLength) throw broken('its header is cut off');
  let header: { identity: string; progress: TrainingProgress; copies: number; sha256: string };
  try {
    header = JSON.parse(bytes.toString('utf8', start, start + headerLength));
  } catch (cause) {
    throw new ModelError('weights', `checkpoint ${path} cannot be read: its header is not valid JSON`, {
      remedy,
      cause,
    });
  }
  if (header.identity !== identity) {
    throw new ModelError('shape', `checkpoint ${path} belongs to another training (other data, options or module)`, {
      remedy,
    });
  }
  const body = bytes.subarray(start + headerLength);
  const perCopy = tensors.reduce((sum, { length }) => sum + 4 * length, 0);
  const copies = header.copies === 2 ? 2 : 1;
  if (body.byteLength !== copies * perCopy) {
    throw broken(`it has ${body.byteLength} bytes of values instead of ${copies * perCopy}`);
  }
  if (sha256(body) !== header.sha256) throw broken('its values are damaged');
  let position = 0;
  const take = () =>
    tensors.map(({ length }) => {
      const values = new Float32Array(length);
      new Uint8Array(values.buffer).set(body.subarray(position, position + 4 * length));
      position += 4 * length;
      return values;
    });
  return { identity, progress: header.progress, state: take(), best: copies === 2 ? take() : [] };
}
