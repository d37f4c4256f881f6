import { existsSync, readFileSync } from 'node:fs';
import { createOnce, makeDirectory } from '../../core/atomic-file.ts';
import { DatasetError, ModelError, UsageError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';
import { datasetFilePath, readDatasetFile } from '../../io/dataset/dataset-file.ts';
import { partPath } from '../../io/dataset/layout.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import type { Similarity } from '../../models/quantisation/cosine.ts';
import type { Ranges } from '../../models/quantisation/range.ts';

/** How close a network in reduced precision is to float32, as stored in a dataset. */
export interface Calibration {
  readonly precision: 'int8' | 'float16';
  /** Hashes of the network's card and weights. */
  readonly cardHash: string;
  readonly weightsHash: string;
  /** Frames that decided the ranges, and frames on which it was compared with float32. */
  readonly frames: { readonly ranging: number; readonly heldOut: number };
  readonly items: readonly { readonly item: string; readonly frames: number }[];
  readonly cosine: Similarity;
  /** For int8; empty otherwise. */
  readonly ranges: Ranges;
}

const format = 'reelflow-calibration-1';

/** Path of a dataset's calibration. */
export function calibrationPath(directory: string): string {
  return partPath(directory, 'calibration');
}

/**
 * The calibration that a dataset was started with, or undefined if there is none.
 *
 * @throws DatasetError `damaged`; UsageError `dataset` when the file belongs to another network, or
 * is missing from an existing dataset.
 */
export function readCalibration(
  directory: string,
  plan: UnopenedNetwork,
  precision: Calibration['precision'] = 'int8',
): Calibration | undefined {
  const path = calibrationPath(directory);
  if (!existsSync(path)) {
    if (!existsSync(datasetFilePath(directory))) return undefined;
    throw withoutCalibration(path, directory, precision);
  }
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw damaged(path, directory, wordsOf(cause), cause);
  }
  // Files from before float16 do not record their precision, which was always int8.
  if (typeof found === 'object' && found !== null) found = { precision: 'int8', ...found };
  if (!isCalibration(found)) throw damaged(path, directory, `it is not of the form ${format}`);
  if (found.precision !== precision) throw ofOther(directory, precision, found.precision);
  if (found.cardHash !== plan.cardHash || found.weightsHash !== plan.weightsHash) {
    throw new UsageError(
      `${path} is the calibration of another network or of other weights than those of ${plan.name}`,
      {
        code: 'dataset',
        remedy: 'Name another directory, or use the network and the weights that the dataset was started with.',
      },
    );
  }
  const { ranges } = found;
  const needed = precision === 'int8' ? plan.rangedTensors : [];
  const missing = needed.find((name) => ranges[name] === undefined);
  if (missing !== undefined) throw damaged(path, directory, `it has no range for tensor '${missing}'`);
  return found;
}

/**
 * Stores a calibration in a dataset's directory, whole or not at all. If two processes calibrate at
 * the same time, the first one's is kept.
 *
 * @returns the calibration that is kept.
 * @throws ModelError `precision` when its numbers are not finite: the network produces infinities,
 * and a dataset could not be continued with them.
 */
export async function keepCalibration(
  directory: string,
  plan: UnopenedNetwork,
  calibration: Calibration,
): Promise<Calibration> {
  if (!isCalibration({ format, ...calibration })) {
    throw new ModelError('precision', `activations of ${plan.name} are not finite for frames of this corpus`, {
      remedy: "Use `precision: 'float32'`, and check the weights: `verifyWeights()`.",
    });
  }
  await makeDirectory(directory);
  const text = `${JSON.stringify({ format, network: plan.name, ...calibration }, null, 2)}\n`;
  const isFirst = await createOnce(calibrationPath(directory), Buffer.from(text));
  return (isFirst ? undefined : readCalibration(directory, plan, calibration.precision)) ?? calibration;
}

function isCalibration(value: unknown): value is Calibration {
  if (typeof value !== 'object' || value === null) return false;
  const {
    format: form,
    precision,
    cardHash,
    weightsHash,
    frames,
    items,
    cosine,
    ranges,
  } = value as Record<string, never>;
  const areNumbers = (of: unknown, names: readonly string[], fits: (value: number) => boolean) =>
    typeof of === 'object' &&
    of !== null &&
    names.every((name) => {
      const found = (of as Record<string, unknown>)[name];
      return typeof found === 'number' && fits(found);
    });
  return (
    form === format &&
    typeof cardHash === 'string' &&
    typeof weightsHash === 'string' &&
    Array.isArray(items) &&
    (precision === 'int8' || precision === 'float16') &&
    areNumbers(frames, ['ranging', 'heldOut'], (count) => Number.isSafeInteger(count) && count >= 0) &&
    areNumbers(frames, precision === 'int8' ? ['ranging', 'heldOut'] : ['heldOut'], (count) => count > 0) &&
    areNumbers(cosine, ['mean', 'least'], (value) => value >= -1 && value <= 1) &&
    typeof ranges === 'object' &&
    ranges !== null &&
    Object.values(ranges).every(isRange)
  );
}

/** Scales are float32, so the whole span must be a float32 too. */
function isRange(range: unknown): boolean {
  if (!Array.isArray(range) || range.length !== 2 || !range.every((bound) => typeof bound === 'number')) return false;
  const [least, greatest] = range as [number, number];
  return least <= greatest && [least, greatest, greatest - least].every((value) => Number.isFinite(Math.fround(value)));
}

/** The error for a dataset without a calibration: it never had one, or it was deleted. */
function withoutCalibration(path: string, directory: string, wanted: Calibration['precision']): UsageError {
  const params = readDatasetFile(directory).params as {
    readonly visual?: { readonly precision?: unknown } | null | undefined;
  };
  const made = params?.visual?.precision;
  return made === wanted
    ? new UsageError(`${path} is missing, but the dataset there was made with \`precision: '${wanted}'\``, {
        code: 'dataset',
        remedy:
          'Restore it from a copy. Without it the dataset can be read, but not continued: name another directory.',
      })
    : ofOther(directory, wanted, typeof made === 'string' ? made : 'float32');
}

function ofOther(directory: string, wanted: string, made: string): UsageError {
  return new UsageError(`${directory} holds a dataset that was not made with \`precision: '${wanted}'\``, {
    code: 'dataset',
    remedy: `Name another directory, or continue it with \`precision: '${made}'\`.`,
  });
}

function damaged(path: string, directory: string, what: string, cause?: unknown): DatasetError {
  const remedy = existsSync(datasetFilePath(directory))
    ? 'Restore it from a copy. Without it the dataset can be read, but not continued: name another directory.'
    : 'Delete it: the dataset has not been started, and will be calibrated again.';
  return new DatasetError('damaged', `${path} is damaged: ${what}`, { remedy, cause });
}
