import { UsageError } from '../src/core/errors.ts';
import type { ExtractOptions } from '../src/graphs/extract.ts';
import { PARQUET_COMPRESSIONS, PARQUET_ENCODINGS } from '../src/io/dataset/parquet.ts';
import type { FrameSampling } from '../src/io/media/frames.ts';
import { ID_RULES } from '../src/io/media/item-id.ts';
import { convolutionForms } from '../src/models/networks/fast-convolutions/form.ts';
import { readDevice } from '../src/models/onnx/device-name.ts';
import { STATISTICS } from '../src/operators/statistics.ts';
import {
  flag,
  integer,
  integers,
  type OptionTable,
  type OptionValues,
  parsed,
  positive,
  readOptions,
  specsOf,
  text,
  word,
  words,
} from './option-table.ts';
import type { Arguments } from './options.ts';

const extraction = {
  manifest: text('CSV', 'inputs from a CSV file with the columns path,item_id'),
  id: word(
    ID_RULES,
    'what of a file is its id: its name without extension, its path below the input, its directory (default stem)',
  ),
  visual: text('CARD', "a network, a model card's path, or none (default alexnet)"),
  audio: text('CARD', "a network, a model card's path, or none (default vggish)"),
  weights: text(
    'random:SEED|FILE',
    'weights of named networks (default: the model store, else random:1, which it says aloud)',
  ),
  visualWeights: text('FILE', 'weights of the visual network alone'),
  audioWeights: text('FILE', 'weights of the audio network alone'),
  layer: text('NAME', 'tensor of the visual network to take, such as fc6 (docs/networks.md)'),
  audioPostprocess: text(
    'FILE',
    "VGGish's PCA parameters, or vggish-pca for the stored ones; makes its 8-bit embedding",
  ),
  subclips: integers('10[,20..]', 'numbers of subclips, all from one decode (default 10)'),
  statistics: {
    ...words('mean[,..]', STATISTICS, `${STATISTICS.join(', ')} (default mean)`),
    flag: 'aggregate',
  },
  sampling: {
    ...parsed('N|native|keyframes', 'which frames are taken (default native: every one)', samplingOf),
    flag: 'fps',
  },
  maxDuration: positive('SECONDS', 'skips longer items (default: none)'),
  limit: integer('N', 'takes the first N items only'),
  memory: text('SIZE', 'bound on the process and its decoders together, such as 1GiB'),
  concurrency: integer('N', 'videos at a time (default: chosen from cores and memory)'),
  batch: integer('N', 'frames per batch (default: chosen)'),
  workers: integer('N', 'inference workers, one session each (default: chosen)'),
  threads: integer('N', 'threads inside one session (default: chosen)'),
  device: parsed(
    'NAME',
    'auto, cpu, webgpu, cuda, or cards such as cuda:0,cuda:1; auto takes the first that works (default auto)',
    (name) => {
      readDevice(name);
      return name;
    },
  ),
  precision: word(
    ['float32', 'int8'],
    'of the visual network; int8 is calibrated on frames of the corpus (default float32)',
  ),
  convolutions: word(convolutionForms, 'fast: with fewer products where that pays, 1e-6 from direct (default fast)'),
  forcePrecision: flag('takes int8 also where it is less alike to float32 than 0.99'),
} satisfies OptionTable<ExtractOptions>;

/** Options that `extract` and `explain` share. */
export const extractionOptions = specsOf(extraction);

const storage = {
  encoding: word(PARQUET_ENCODINGS, "how the tables' vectors are stored; the values are the same (default plain)"),
  compression: word(PARQUET_COMPRESSIONS, 'of the tables; parquetjs-lite reads all but zstd (default zstd)'),
} satisfies OptionTable<ExtractOptions>;

/** How Parquet tables are stored. */
export const storageOptions = specsOf(storage);

/** How the tables are to be stored, as far as it was asked for. @throws UsageError when there is no such encoding or compression. */
export function readStorage(args: Arguments): OptionValues<typeof storage> {
  return readOptions(args, storage);
}

/** Reads the shared options. @throws UsageError when one does not fit. */
export function readExtractionOptions(args: Arguments): Omit<ExtractOptions, 'out'> {
  return { inputs: args.positionals, ...readOptions(args, extraction) };
}

function samplingOf(given: string, name: string): FrameSampling {
  if (given === 'native' || given === 'keyframes') return given;
  const rate = Number(given);
  if (given.trim() === '' || !(rate >= 0.001 && rate <= 1000)) {
    throw new UsageError(`\`--${name}\` must be a number from 0.001 to 1000, native or keyframes, but is '${given}'`);
  }
  return rate;
}
