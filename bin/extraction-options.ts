import { checkOneOf } from '../src/core/check.ts';
import { UsageError } from '../src/core/errors.ts';
import type { ExtractOptions } from '../src/graphs/extract.ts';
import {
  PARQUET_COMPRESSIONS,
  PARQUET_ENCODINGS,
  type ParquetCompression,
  type ParquetEncoding,
} from '../src/io/dataset/parquet.ts';
import type { FrameSampling } from '../src/io/media/frames.ts';
import { convolutionForms } from '../src/models/networks/fast-convolutions/form.ts';
import { readDevice } from '../src/models/onnx/device-name.ts';
import type { Statistic } from '../src/operators/statistics.ts';
import type { Arguments, OptionSpec } from './options.ts';

/** Options that `extract` and `explain` share. */
export const extractionOptions: Readonly<Record<string, OptionSpec>> = {
  manifest: { type: 'string', value: 'CSV', does: 'inputs from a CSV file with the columns path,item_id' },
  visual: { type: 'string', value: 'CARD', does: "a network, a model card's path, or none (default alexnet)" },
  audio: { type: 'string', value: 'CARD', does: "a network, a model card's path, or none (default vggish)" },
  weights: {
    type: 'string',
    value: 'random:SEED|FILE',
    does: 'weights of named networks (default: the model store, else random:1, which it says aloud)',
  },
  'visual-weights': { type: 'string', value: 'FILE', does: 'weights of the visual network alone' },
  'audio-weights': { type: 'string', value: 'FILE', does: 'weights of the audio network alone' },
  layer: {
    type: 'string',
    value: 'NAME',
    does: 'tensor of the visual network to take, such as fc6 (docs/networks.md)',
  },
  'audio-postprocess': {
    type: 'string',
    value: 'FILE',
    does: "VGGish's PCA parameters, or vggish-pca for the stored ones; makes its 8-bit embedding",
  },
  subclips: { type: 'string', value: '10[,20..]', does: 'numbers of subclips, all from one decode (default 10)' },
  aggregate: { type: 'string', value: 'mean[,..]', does: 'mean, meanvar, median, medmad (default mean)' },
  fps: { type: 'string', value: 'N|native|keyframes', does: 'which frames are taken (default native: every one)' },
  'max-duration': { type: 'string', value: 'SECONDS', does: 'skips longer items (default: none)' },
  limit: { type: 'string', value: 'N', does: 'takes the first N items only' },
  memory: { type: 'string', value: 'SIZE', does: 'bound on the process and its decoders together, such as 1GiB' },
  concurrency: { type: 'string', value: 'N', does: 'videos at a time (default: chosen from cores and memory)' },
  batch: { type: 'string', value: 'N', does: 'frames per batch (default: chosen)' },
  workers: { type: 'string', value: 'N', does: 'inference workers, one session each (default: chosen)' },
  threads: { type: 'string', value: 'N', does: 'threads inside one session (default: chosen)' },
  device: {
    type: 'string',
    value: 'NAME',
    does: 'auto, cpu, webgpu, cuda, or cards such as cuda:0,cuda:1; auto takes the first that works (default auto)',
  },
  precision: {
    type: 'string',
    value: 'float32|int8',
    does: 'of the visual network; int8 is calibrated on frames of the corpus (default float32)',
  },
  convolutions: {
    type: 'string',
    value: 'fast|direct',
    does: 'fast: with fewer products where that pays, 1e-6 from direct (default fast)',
  },
  'force-precision': { type: 'boolean', does: 'takes int8 also where it is less alike to float32 than 0.99' },
};

/** How Parquet tables are stored. */
export const storageOptions: Readonly<Record<string, OptionSpec>> = {
  encoding: {
    type: 'string',
    value: 'plain|byte-stream-split',
    does: "how the tables' vectors are stored; the values are the same (default plain)",
  },
  compression: {
    type: 'string',
    value: 'zstd|snappy|gzip|none',
    does: 'of the tables; parquetjs-lite reads all but zstd (default zstd)',
  },
};

/** How the tables are to be stored, as far as it was asked for. @throws UsageError when there is no such encoding or compression. */
export function readStorage(args: Arguments): {
  readonly encoding?: ParquetEncoding;
  readonly compression?: ParquetCompression;
} {
  const encoding = oneOf(args, 'encoding', PARQUET_ENCODINGS);
  const compression = oneOf(args, 'compression', PARQUET_COMPRESSIONS);
  return { ...(encoding === undefined ? {} : { encoding }), ...(compression === undefined ? {} : { compression }) };
}

/** Reads the shared options. @throws UsageError when one does not fit. */
export function readExtractionOptions(args: Arguments): Omit<ExtractOptions, 'out'> {
  const given = <Value>(name: string, value: Value | undefined) => (value === undefined ? {} : { [name]: value });
  return {
    inputs: args.positionals,
    ...given('manifest', args.text('manifest')),
    ...given('visual', args.text('visual')),
    ...given('audio', args.text('audio')),
    ...given('weights', args.text('weights')),
    ...given('visualWeights', args.text('visual-weights')),
    ...given('audioWeights', args.text('audio-weights')),
    ...given('layer', args.text('layer')),
    ...given('audioPostprocess', args.text('audio-postprocess')),
    ...given('subclips', args.list('subclips')?.map(subclipCount)),
    ...given('statistics', args.list('aggregate') as Statistic[] | undefined),
    ...given('sampling', sampling(args.text('fps'))),
    ...given('maxDuration', args.positive('max-duration')),
    ...given('limit', args.integer('limit')),
    ...given('memory', args.text('memory')),
    ...given('concurrency', args.integer('concurrency')),
    ...given('batch', args.integer('batch')),
    ...given('workers', args.integer('workers')),
    ...given('threads', args.integer('threads')),
    ...given('device', device(args.text('device'))),
    ...given('precision', oneOf(args, 'precision', ['float32', 'int8'])),
    ...given('convolutions', oneOf(args, 'convolutions', convolutionForms)),
    forcePrecision: args.flag('force-precision'),
  };
}

function device(text: string | undefined): string | undefined {
  if (text !== undefined) readDevice(text);
  return text;
}

function oneOf<Word extends string>(args: Arguments, name: string, words: readonly Word[]): Word | undefined {
  const text = args.text(name);
  return text === undefined ? undefined : checkOneOf(`--${name}`, text, words);
}

function subclipCount(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 1) {
    throw new UsageError(`\`--subclips\` must list whole numbers of at least 1, but has '${text}'`);
  }
  return Number(text);
}

function sampling(text: string | undefined): FrameSampling | undefined {
  if (text === undefined || text === 'native' || text === 'keyframes') return text;
  const rate = Number(text);
  if (text.trim() === '' || !(rate >= 0.001 && rate <= 1000)) {
    throw new UsageError(`\`--fps\` must be a number from 0.001 to 1000, native or keyframes, but is '${text}'`);
  }
  return rate;
}
