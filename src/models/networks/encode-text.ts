import { readFile } from 'node:fs/promises';
import { ModelError, UsageError } from '../../core/errors.ts';
import { optionalPackage } from '../../core/optional-package.ts';
import { wordsOf } from '../../core/words-of.ts';
import { insideFolder } from '../onnx/read.ts';
import { leaveTelemetryOff } from '../onnx/telemetry.ts';
import { cacheDirectory, fileHash } from './cache.ts';
import type { loadCard } from './card.ts';
import type { CardText } from './card-text.ts';

/**
 * The vector that a joint text-image network computes for a text, in the space of its frames'
 * vectors.
 *
 * @param loaded - its card, which has a `text`, and the folder that contains the card.
 * @throws UsageError `text` for a text that is empty or too long; ModelError `card`, `hash`,
 * `weights` or `shape` if card, files and network do not match; SystemError `package` if the
 * tokenizer's package is missing.
 */
export async function encodeText({ card, folder }: ReturnType<typeof loadCard>, text: string): Promise<Float32Array> {
  const half = card.text;
  if (half === undefined) {
    throw new ModelError('card', `network card of ${card.name}: it has no \`text\`, so the network reads frames only`, {
      remedy: 'Give the card of a joint text-image network, such as CLIP or SigLIP, with its text half as `text`.',
    });
  }
  const model = fileOf(half.file, folder, 'text.file', card.name);
  const hash = fileHash(model, cacheDirectory(undefined));
  if (half.sha256 !== undefined && half.sha256 !== hash) {
    throw new ModelError('hash', `${model} is not the file of its card: its SHA-256 is ${hash}, not ${half.sha256}`, {
      remedy: 'Download the file again, or correct `text.sha256` in the card if the new file is meant.',
    });
  }
  const tokens = await tokensOf(text, half, fileOf(half.tokenizer, folder, 'text.tokenizer', card.name));
  const vector = await run(model, half, tokens);
  if (vector.length === card.output.dimension) return vector;
  throw new ModelError(
    'shape',
    `${model} returns ${vector.length} values for a text, but frames have ${card.output.dimension}: they are not in the same space`,
    { remedy: "Correct `text.output` in the card: the output after the text's projection." },
  );
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

async function tokensOf(text: string, { length, padding }: CardText, path: string) {
  if (text.trim() === '') throw new UsageError('`text` must not be empty', { code: 'text', option: 'text' });
  const { Tokenizer } = await optionalPackage(
    '@huggingface/tokenizers',
    'a search for text',
    () => import('@huggingface/tokenizers'),
  );
  let own: readonly number[];
  try {
    own = new Tokenizer(JSON.parse(await readFile(path, 'utf8')), {}).encode(text).ids;
  } catch (cause) {
    throw new ModelError('card', `${path} cannot be used as a tokenizer: ${wordsOf(cause)}`, {
      remedy: 'Use the `tokenizer.json` that was published with the network.',
      cause,
    });
  }
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

async function run(model: string, half: CardText, tokens: Awaited<ReturnType<typeof tokensOf>>): Promise<Float32Array> {
  leaveTelemetryOff();
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const integers = (values: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  try {
    const session = await InferenceSession.create(model);
    try {
      if (!session.outputNames.includes(half.output)) {
        throw new Error(`it has no output '${half.output}'; it has ${session.outputNames.join(', ')}`);
      }
      const masks = half.mask === undefined ? {} : { [half.mask]: integers(tokens.mask) };
      const results = await session.run({ [half.ids]: integers(tokens.ids), ...masks }, [half.output]);
      const values = results[half.output]?.data;
      if (values instanceof Float32Array) return Float32Array.from(values);
      throw new Error(`its output '${half.output}' is not float32`);
    } finally {
      await session.release();
    }
  } catch (cause) {
    throw new ModelError('weights', `${model} cannot be run on a text: ${wordsOf(cause)}`, {
      remedy: 'Correct `text` in the card: the names of its inputs and of its output.',
      cause,
    });
  }
}
