import { readFile } from 'node:fs/promises';
import { ModelError, UsageError } from '../../core/errors.ts';
import { optionalPackage } from '../../core/optional-package.ts';
import { wordsOf } from '../../core/words-of.ts';
import { insideFolder } from '../onnx/read.ts';
import { leaveTelemetryOff } from '../onnx/telemetry.ts';
import { cacheDirectory, fileHash } from './cache.ts';
import type { loadCard, loadTextCard } from './card.ts';
import type { CardText } from './card-text.ts';

/** A network that turns texts into vectors. */
export interface TextEncoder {
  /** Its weights file. */
  readonly sha256: string;
  /** The vector of a text. @throws UsageError `text` for a text that is empty or too long. */
  encode(text: string): Promise<Float32Array>;
  /** The most tokens of a text. */
  readonly length: number;
  /** The number of tokens of a text. @throws UsageError `text` for an empty one. */
  tokensIn(text: string): number;
  close(): Promise<void>;
}

/**
 * Opens the text network of a card.
 *
 * @param loaded - a card with a `text`, and the folder that contains it.
 * @throws ModelError `card`, `hash`, `weights` if card, files and network do not match; SystemError
 * `package` if the tokenizer's package is missing.
 */
export async function openTextEncoder({ card, folder }: ReturnType<typeof loadTextCard>): Promise<TextEncoder> {
  const half = card.text;
  if (half === undefined) {
    throw new ModelError('card', `network card of ${card.name}: it has no \`text\`, so the network reads frames only`, {
      remedy: 'Give the card of a network that reads texts, such as CLIP or SigLIP, with its text half as `text`.',
    });
  }
  const model = fileOf(half.file, folder, 'text.file', card.name);
  const hash = fileHash(model, cacheDirectory(undefined));
  if (half.sha256 !== undefined && half.sha256 !== hash) {
    throw new ModelError('hash', `${model} is not the file of its card: its SHA-256 is ${hash}, not ${half.sha256}`, {
      remedy: 'Download the file again, or correct `text.sha256` in the card if the new file is meant.',
    });
  }
  const tokensOf = await openTokenizer(fileOf(half.tokenizer, folder, 'text.tokenizer', card.name));
  const session = await openSession(model, half);
  return {
    sha256: hash,
    length: half.length,
    tokensIn: (text) => tokensOf(text).length,
    encode: (text) => session.run(padded(tokensOf(text), half)),
    close: () => session.close(),
  };
}

/**
 * The vector that a joint text-image network computes for a text, in the space of its frames'
 * vectors.
 *
 * @param loaded - its card, which has a `text`, and the folder that contains the card.
 * @throws as `openTextEncoder`; UsageError `text` for a text that is empty or too long; ModelError
 * `shape` if texts are not in the space of the frames.
 */
export async function encodeText(loaded: ReturnType<typeof loadCard>, text: string): Promise<Float32Array> {
  const encoder = await openTextEncoder(loaded);
  try {
    const vector = await encoder.encode(text);
    const { dimension } = loaded.card.output;
    if (vector.length === dimension) return vector;
    throw new ModelError(
      'shape',
      `the network of ${loaded.card.name} returns ${vector.length} values for a text, but frames have ${dimension}: they are not in the same space`,
      { remedy: "Correct `text.output` in the card: the output after the text's projection." },
    );
  } finally {
    await encoder.close();
  }
}

function fileOf(file: string, folder: string, field: string, name: string): string {
  const path = insideFolder(folder, file);
  if (path !== undefined) return path;
  throw new ModelError(
    'card',
    `network card of ${name}: \`${field}\` must name a file inside the card's own folder, but '${file}' is not one`,
    { remedy: 'Put the file beside the card.' },
  );
}

/** Turns a text into token ids. */
async function openTokenizer(path: string): Promise<(text: string) => readonly number[]> {
  const { Tokenizer } = await optionalPackage(
    '@huggingface/tokenizers',
    'a network that reads text',
    () => import('@huggingface/tokenizers'),
  );
  const unusable = (cause: unknown) =>
    new ModelError('card', `${path} cannot be used as a tokenizer: ${wordsOf(cause)}`, {
      remedy: 'Use the `tokenizer.json` that was published with the network.',
      cause,
    });
  let tokenizer: InstanceType<typeof Tokenizer>;
  try {
    tokenizer = new Tokenizer(JSON.parse(await readFile(path, 'utf8')), {});
  } catch (cause) {
    throw unusable(cause);
  }
  return (text) => {
    if (text.trim() === '') throw new UsageError('`text` must not be empty', { code: 'text', option: 'text' });
    try {
      return tokenizer.encode(text).ids;
    } catch (cause) {
      throw unusable(cause);
    }
  };
}

function padded(own: readonly number[], { length, padding }: CardText) {
  if (own.length > length) {
    throw new UsageError(`\`text\` has ${own.length} tokens, but the network reads ${length}`, {
      code: 'text',
      option: 'text',
      remedy: 'Shorten the text.',
    });
  }
  const places = Array.from({ length }, (_, place) => place);
  return { ids: places.map((place) => own[place] ?? padding), mask: places.map((place) => Number(place < own.length)) };
}

async function openSession(model: string, half: CardText) {
  leaveTelemetryOff();
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const integers = (values: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  const wrong = (cause: unknown) =>
    new ModelError('weights', `${model} cannot be run on a text: ${wordsOf(cause)}`, {
      remedy: 'Correct `text` in the card: the names of its inputs and of its output.',
      cause,
    });
  const session = await InferenceSession.create(model).catch((cause: unknown) => {
    throw wrong(cause);
  });
  if (!session.outputNames.includes(half.output)) {
    await session.release();
    throw wrong(new Error(`it has no output '${half.output}'; it has ${session.outputNames.join(', ')}`));
  }
  return {
    async run({ ids, mask }: ReturnType<typeof padded>): Promise<Float32Array> {
      try {
        const masks = half.mask === undefined ? {} : { [half.mask]: integers(mask) };
        // Of BERT: the same sentence throughout.
        const sentences = session.inputNames.includes(segments) ? { [segments]: integers(ids.map(() => 0)) } : {};
        const results = await session.run({ [half.ids]: integers(ids), ...masks, ...sentences }, [half.output]);
        const found = results[half.output];
        if (found?.data instanceof Float32Array) return meanOfTokens(found.data, found.dims, mask);
        throw new Error(`its output '${half.output}' is not float32`);
      } catch (cause) {
        throw wrong(cause);
      }
    },
    close: () => session.release(),
  };
}

/** The input of BERT that tells two sentences apart. */
const segments = 'token_type_ids';

/** A vector as it is; of one for each token, [1, tokens, dimension], the mean without padding. */
function meanOfTokens(values: Float32Array, dims: readonly number[], mask: readonly number[]): Float32Array {
  const [, tokens, dimension] = dims;
  if (dims.length !== 3 || tokens !== mask.length || dimension === undefined) return Float32Array.from(values);
  const mean = new Float32Array(dimension);
  const count = mask.reduce((sum, each) => sum + each, 0);
  for (const [token, isInside] of mask.entries()) {
    if (isInside === 0) continue;
    for (let at = 0; at < dimension; at++) {
      mean[at] = (mean[at] as number) + (values[token * dimension + at] as number) / count;
    }
  }
  return mean;
}
