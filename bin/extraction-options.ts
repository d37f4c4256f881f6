import { existsSync } from 'node:fs';
import { UsageError } from '../src/core/errors.ts';
import type { ExtractOptions } from '../src/graphs/extract.ts';
import { precisions } from '../src/graphs/precision/choose-precision.ts';
import { parquetCompressions, parquetEncodings } from '../src/io/dataset/parquet.ts';
import type { FrameSampling } from '../src/io/media/frames.ts';
import { ID_RULES } from '../src/io/media/item-id.ts';
import { convolutionForms } from '../src/models/networks/fast-convolutions/form.ts';
import { networkNames } from '../src/models/networks/network-registry.ts';
import { readDevice } from '../src/models/onnx/device-name.ts';
import { statisticNames } from '../src/operators/statistics.ts';
import { didYouMean } from './did-you-mean.ts';
import {
  flag,
  integer,
  integers,
  type Option,
  type OptionTable,
  parsed,
  positive,
  positives,
  text,
  word,
  words,
} from './option-table.ts';

/** The memory limit, for every command that keeps one. */
export const memoryOption = text(
  'SIZE',
  'memory limit for the process and its decoders together, such as 1G, 512M or 50% of the memory that it may use',
  'half of that, at most 4GiB',
);

/** Options that `extract` and `explain` share. */
export const extractionOptions = {
  manifest: text('CSV', 'inputs from a CSV file with the columns path,item_id; a path may be an address'),
  id: word(
    ID_RULES,
    'which part of a path is the id: the name without extension, its path below the input, its directory',
    'stem',
  ),
  visual: networkOption('alexnet'),
  audio: networkOption('vggish'),
  weights: text('random:SEED|FILE', 'weights of named networks', 'stored weights, else random:1 with a warning'),
  visualWeights: text('FILE', 'weights of the visual network only'),
  audioWeights: text('FILE', 'weights of the audio network only'),
  layer: text('NAME', 'which tensor of the visual network to use, such as fc6 (docs/networks.md)'),
  audioPostprocess: text('FILE', "VGGish's PCA parameters (vggish-pca: the stored ones), for its 8-bit embedding"),
  subclips: integers(
    '10[,20..]',
    'numbers of subclips, all computed in one decoding pass',
    '10, unless --subclip-seconds is given',
  ),
  subclipSeconds: positives('5[,1..]', 'lengths of subclips; a longer item has more of them', 'none'),
  statistics: {
    ...words('mean[,..]', statisticNames, statisticNames.join(', '), 'mean'),
    flag: 'statistic',
    formerly: ['aggregate'],
  },
  fps: {
    ...parsed('N|native|keyframes', 'which frames to use', samplingOf, 'native: all'),
    formerly: ['sampling'],
  },
  maxDuration: positive('SECONDS', 'skips longer items', 'none'),
  limit: integer('N', 'only the first N items'),
  scratch: text(
    'SIZE',
    'disk space (in TMPDIR) for copies of remote inputs, such as 20G or 50% of what is free',
    'half of what is free',
  ),
  memory: memoryOption,
  concurrency: integer('N', 'videos processed at the same time', 'from cores and memory'),
  batch: integer('N', 'frames in a batch', 'chosen'),
  workers: integer('N', 'inference workers, one session each', 'chosen'),
  threads: integer('N', 'threads inside one session', 'chosen'),
  device: parsed(
    'NAME',
    'auto, cpu, webgpu, cuda, or cards such as cuda:0,cuda:1; auto: the first that works',
    (name) => {
      readDevice(name);
      return name;
    },
    'auto',
  ),
  precision: word(
    precisions,
    'precision of the visual network; int8 is calibrated on frames of the corpus; float16 is for cuda and webgpu',
    'float32',
  ),
  convolutions: word(
    convolutionForms,
    'fast: fewer multiplications where that pays off; differs from direct by about 1e-6',
    'fast',
  ),
  forcePrecision: flag('uses int8 or float16 even if its cosine similarity to float32 is below 0.99 or 0.999'),
} satisfies OptionTable<ExtractOptions>;

/** How Parquet tables are stored. */
export const storageOptions = {
  encoding: word(parquetEncodings, 'encoding of the vectors in the tables; the values are the same', 'plain'),
  compression: word(parquetCompressions, 'compression of the tables; parquetjs-lite cannot read zstd', 'zstd'),
} satisfies OptionTable<ExtractOptions>;

/** A network by name, or by the path of its card. */
function networkOption(byDefault: string): Option<string> {
  const known = [...networkNames, 'none'];
  return {
    ...parsed(
      'CARD',
      "a network, a network card's path, or none",
      (given, name) => {
        if (known.includes(given) || /[./\\]/.test(given) || existsSync(given)) return given;
        throw new UsageError(
          `\`--${name}\` must be a network, the path of a network card, or none, but is '${given}'`,
          {
            remedy: `${didYouMean(given, known)}Networks: ${networkNames.join(', ')}.`,
          },
        );
      },
      byDefault,
    ),
    suggestions: known,
  };
}

function samplingOf(given: string, name: string): FrameSampling {
  if (given === 'native' || given === 'keyframes') return given;
  const rate = Number(given);
  if (given.trim() === '' || !(rate >= 0.001 && rate <= 1000)) {
    throw new UsageError(`\`--${name}\` must be a number from 0.001 to 1000, native or keyframes, but is '${given}'`);
  }
  return rate;
}
