import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { contentHash } from '../../core/canonical-json.ts';
import { ModelError } from '../../core/errors.ts';
import { refuseAddress } from '../../core/object-address.ts';
import { wordsOf } from '../../core/words-of.ts';
import { CardFields } from './card-fields.ts';
import { type CardText, cardText } from './card-text.ts';
import { logMel, samplesOfFrames } from './log-mel.ts';

/** The input of a visual network. Frames arrive as uint8 RGB; size in pixels. */
export interface FramesInput {
  readonly kind: 'frames';
  /** Name of the input in the ONNX file; the file's only input when left out. */
  readonly name?: string | undefined;
  readonly width: number;
  readonly height: number;
  readonly layout: 'NCHW' | 'NHWC';
  readonly dtype: 'float32' | 'uint8';
}

/** The input of an audio network: samples, or their log-mel spectrogram (computed in the graph). */
export interface AudioInput {
  readonly kind: 'pcm' | 'log-mel';
  readonly name?: string | undefined;
  /** Samples per second; 16,000. */
  readonly sampleRate: number;
  /** Samples of one patch. */
  readonly patchSamples: number;
  /** Samples from the start of one patch to the start of the next. */
  readonly hopSamples: number;
  /** Axes: S samples; F spectrogram frames, B mel bands; 1 an axis of length 1. */
  readonly layout: 'NS' | 'N1S' | 'NS1' | 'N1FB' | 'NFB' | 'NFB1' | 'N1BF' | 'NBF';
  /** Spectrogram frames per patch (`log-mel`). */
  readonly frames?: number | undefined;
}

/**
 * How pixels become numbers: `(value * scale - mean) / std` per channel, in the order of
 * `channels`.
 */
export interface CardPreprocess {
  /**
   * `crop`: shorter side to 256/224 of the input size, centre crop, as torchvision does; `stretch`:
   * straight to the input size.
   */
  readonly resize: 'stretch' | 'crop';
  readonly channels: 'RGB' | 'BGR';
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Everything needed to use a network as an operator: its input, its output, and its file. */
export interface NetworkCard {
  readonly name: string;
  readonly modality: 'visual' | 'audio';
  /**
   * Path of the ONNX file relative to the card, inside the card's folder. Absent for networks that
   * reelflow writes itself.
   */
  readonly file?: string | undefined;
  /** SHA-256 of the file as 64 hexadecimal digits; verified when given. */
  readonly sha256?: string | undefined;
  readonly input: FramesInput | AudioInput;
  /** Visual networks only. */
  readonly preprocess?: CardPreprocess | undefined;
  /** A tensor of the graph (an output or any other) of float32 [N, dimension, 1...]. */
  readonly output: { readonly name: string; readonly dimension: number };
  /** The text half of a joint text-image network. It does not affect the vectors of frames. */
  readonly text?: CardText | undefined;
  /** Rows per batch, if the default does not suit. */
  readonly batch?: number | undefined;
  /**
   * Run each row on its own, for networks in which the rows of a batch affect each other. Default
   * false.
   */
  readonly alone?: boolean | undefined;
  /**
   * `false`: run the network although its vectors depend on chance or on the other rows of the
   * batch. Default true.
   */
  readonly repeatable?: boolean | undefined;
  readonly licence?: string | undefined;
  readonly source?: string | undefined;
}

/** A card larger than this is not a card. */
const cardLimit = 1 << 20;
const spectrogramLayouts = ['N1FB', 'NFB', 'NFB1', 'N1BF', 'NBF'] as const;
const sampleLayouts = ['NS', 'N1S', 'NS1'] as const;

/**
 * Reads and checks a network card file.
 *
 * @returns the card and the absolute folder it lies in.
 * @throws ModelError `card` naming the file, the field, what was expected and what was given.
 *
 * @example
 * const { card } = loadCard('networks/squeezenet/card.json');
 */
export function loadCard(path: string): { readonly card: NetworkCard; readonly folder: string } {
  return { card: parseCard(readCardFile(path), path), folder: dirname(resolve(path)) };
}

/** What a card must say for its network to encode texts. */
export interface TextCard {
  readonly name: string;
  readonly text?: CardText | undefined;
}

/**
 * Reads the card of a network that encodes texts: that of a joint network, or one of a network that
 * reads nothing else, which has a `name` and a `text` but no `file`.
 *
 * @throws ModelError `card`.
 */
export function loadTextCard(path: string): { readonly card: TextCard; readonly folder: string } {
  const value = readCardFile(path);
  const isOfText = typeof value === 'object' && value !== null && 'text' in value && !('file' in value);
  if (!isOfText) return { card: parseCard(value, path), folder: dirname(resolve(path)) };
  const fields = new CardFields(path, '', value, ['name', 'text', 'licence', 'license', 'source', '$schema']);
  return { card: { name: fields.text('name'), text: cardText(fields) }, folder: dirname(resolve(path)) };
}

function readCardFile(path: string): unknown {
  refuseAddress(path);
  let text: string;
  try {
    if (statSync(path).size > cardLimit) throw new Error(`it has more than ${cardLimit} bytes`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ModelError('card', `network card ${path} cannot be read: ${wordsOf(error)}`, {
      remedy: 'Give the name of a built-in network (see `listNetworks()`) or the path of a network card (JSON).',
      cause: error,
    });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ModelError('card', `network card ${path} is not JSON: ${wordsOf(error)}`, { cause: error });
  }
}

/**
 * Checks a network card given as a JSON value.
 *
 * @param origin - what messages call it; a path.
 * @throws ModelError `card`.
 */
export function parseCard(value: unknown, origin: string): NetworkCard {
  const fields = new CardFields(origin, '', value, [
    'name',
    'modality',
    'file',
    'sha256',
    'input',
    'preprocess',
    'output',
    'text',
    'batch',
    'alone',
    'repeatable',
    'licence',
    'license',
    'source',
    '$schema',
  ]);
  const name = fields.text('name');
  const modality = fields.oneOf('modality', ['visual', 'audio'] as const);
  const file = fields.text('file');
  const sha256 = fields.optional('sha256', () =>
    fields.pattern('sha256', /^[0-9a-f]{64}$/i, '64 hexadecimal digits').toLowerCase(),
  );
  const inputKinds = modality === 'visual' ? (['frames'] as const) : (['pcm', 'log-mel'] as const);
  const kind = fields.inside('input', undefined).oneOf('kind', inputKinds, ` for modality '${modality}'`);
  const input = kind === 'frames' ? framesInput(fields) : audioInput(fields, kind);
  const preprocess = input.kind === 'frames' ? pixelRules(fields, input) : undefined;
  if (input.kind !== 'frames') {
    for (const name of ['preprocess', 'text']) fields.refuse(name, 'belongs to visual networks only');
  }
  const text = fields.optional('text', () => cardText(fields));
  const outputFields = fields.inside('output', ['name', 'dimension']);
  const output = { name: outputFields.text('name'), dimension: outputFields.integer('dimension', 1, 1_000_000) };
  const batch = fields.optional('batch', () => fields.integer('batch', 1, 1024));
  const alone = fields.optional('alone', () => fields.boolean('alone')) ?? false;
  const repeatable = fields.optional('repeatable', () => fields.boolean('repeatable')) ?? true;
  const licence =
    fields.optional('licence', () => fields.text('licence')) ??
    fields.optional('license', () => fields.text('license'));
  const source = fields.optional('source', () => fields.text('source'));
  return {
    name,
    modality,
    file,
    input,
    output,
    sha256,
    preprocess,
    text,
    batch,
    alone: alone || undefined,
    repeatable: repeatable ? undefined : false,
    licence,
    source,
  };
}

function framesInput(card: CardFields): FramesInput {
  const fields = card.inside('input', ['kind', 'name', 'width', 'height', 'layout', 'dtype']);
  const name = fields.optional('name', () => fields.text('name'));
  return {
    kind: 'frames',
    width: fields.integer('width', 1, 4096),
    height: fields.integer('height', 1, 4096),
    layout: fields.oneOf('layout', ['NCHW', 'NHWC'] as const),
    dtype: fields.optional('dtype', () => fields.oneOf('dtype', ['float32', 'uint8'] as const)) ?? 'float32',
    name,
  };
}

function audioInput(card: CardFields, kind: 'pcm' | 'log-mel'): AudioInput {
  const isLogMel = kind === 'log-mel';
  const fields = card.inside('input', [
    'kind',
    'name',
    'sampleRate',
    'layout',
    'dtype',
    'patchSamples',
    'hopSamples',
    ...(isLogMel ? ['frames', 'bands'] : []),
  ]);
  const name = fields.optional('name', () => fields.text('name'));
  const sampleRate = fields.integer('sampleRate', logMel.sampleRate, logMel.sampleRate);
  fields.optional('dtype', () => fields.oneOf('dtype', ['float32'] as const));
  const layout = fields.oneOf('layout', isLogMel ? spectrogramLayouts : sampleLayouts);
  const hopOf = (usual: number) =>
    fields.optional('hopSamples', () => fields.integer('hopSamples', 1, 960_000)) ?? usual;
  const common = { kind, sampleRate, layout, name };
  if (!isLogMel) {
    const patchSamples = fields.integer('patchSamples', 1, 960_000);
    return { ...common, patchSamples, hopSamples: hopOf(patchSamples) };
  }
  const frames = fields.integer('frames', 1, 6000);
  fields.integer('bands', logMel.bands, logMel.bands);
  const needed = samplesOfFrames(frames);
  const patchSamples = fields.optional('patchSamples', () => fields.integer('patchSamples', needed, needed)) ?? needed;
  return { ...common, frames, patchSamples, hopSamples: hopOf(frames * logMel.hop) };
}

function pixelRules(card: CardFields, input: FramesInput): CardPreprocess {
  const fields = card.inside('preprocess', ['resize', 'channels', 'scale', 'mean', 'std']);
  const resize = fields.optional('resize', () => fields.oneOf('resize', ['stretch', 'crop'] as const)) ?? 'crop';
  const channels = fields.optional('channels', () => fields.oneOf('channels', ['RGB', 'BGR'] as const)) ?? 'RGB';
  if (input.dtype === 'uint8') {
    for (const name of ['scale', 'mean', 'std']) fields.refuse(name, "does not apply when `input.dtype` is 'uint8'");
    return { resize, channels, scale: 1, mean: [0, 0, 0], std: [1, 1, 1] };
  }
  return {
    resize,
    channels,
    scale: fields.nonZero('scale'),
    mean: fields.triple('mean', false),
    std: fields.triple('std', true),
  };
}

/**
 * SHA-256 of everything in a card that affects values: input, preprocessing, output, and whether
 * rows run alone; not its name, file, batch, licence or source.
 *
 * @param more - anything else that affects values, for networks that reelflow writes itself.
 */
export function hashCard(card: NetworkCard, more: unknown = null): string {
  const { modality, input, preprocess = null, output, alone } = card;
  return contentHash({ modality, input, preprocess, output, alone, more });
}
