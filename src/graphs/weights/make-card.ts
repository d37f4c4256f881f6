import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';
import { createOnce, makeDirectory, replaceFile } from '../../core/atomic-file.ts';
import { checkOneOf, checkString } from '../../core/check.ts';
import { ModelError, UsageError } from '../../core/errors.ts';
import { checkFileEnding } from '../../core/file-ending.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { refuseAddress } from '../../core/object-address.ts';
import { wordsOf } from '../../core/words-of.ts';
import { hashWeightFile } from '../../io/weights-store/stage-file.ts';
import { loadCard, type NetworkCard, parseCard } from '../../models/networks/card.ts';
import { type Assumption, guessCard } from '../../models/networks/guess-card.ts';
import { insideFolder, readModel } from '../../models/onnx/read.ts';

/** Options of `makeCard`. */
export interface MakeCardOptions {
  /** Path of the ONNX file. */
  readonly file: string;
  /**
   * Path of the card, in the file's own folder or one above it. Default: beside the file,
   * `NAME.card.json`.
   */
  readonly out?: string | undefined;
  /** The tensor that is the feature vector; required if the file has several outputs. */
  readonly output?: string | undefined;
  /** What the input is, if its shape is ambiguous. */
  readonly modality?: 'visual' | 'audio' | undefined;
  /** Overwrites an existing card. Default false. */
  readonly replace?: boolean | undefined;
  /** Reads the file and reports what the card would say, without writing it. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** A card that was written. */
export interface MadeCard {
  readonly path: string;
  readonly card: NetworkCard;
  /** The fields that the file does not state, to be checked against its authors' documentation. */
  readonly assumptions: readonly Assumption[];
}

const known: KnownOptions<MakeCardOptions> = {
  file: true,
  out: true,
  output: true,
  modality: true,
  replace: true,
  dryRun: true,
};

/**
 * Writes a network card from an ONNX file's inputs and outputs, with the file's SHA-256. What the
 * file cannot state (order of channels, scale, mean, deviation, resize) gets the usual values and
 * is listed, to be checked. A card is only written if `network` would accept it.
 *
 * @throws UsageError when the card would be in a place from which it cannot name the file, or
 * already exists; ModelError `card` listing what the file has when the choice is ambiguous, or when
 * the file is a link out of the card's folder; `weights` when it is not an ONNX file.
 *
 * @example
 * const { path, assumptions } = await makeCard({ file: 'squeezenet.onnx', output: 'pool10' });
 */
export async function makeCard(options: MakeCardOptions): Promise<MadeCard> {
  checkKnownOptions('makeCard', options, known);
  const file = checkString('file', options.file);
  refuseAddress(file);
  if (options.out !== undefined) checkFileEnding('out', options.out, ['json']);
  if (options.output !== undefined) checkString('output', options.output);
  if (options.modality !== undefined) checkOneOf('modality', options.modality, ['visual', 'audio']);
  const real = realPath(file);
  const stem = basename(file, extname(file));
  const path = options.out ?? join(dirname(file), `${stem}.card.json`);
  const inside = relative(dirname(resolve(path)), resolve(file));
  if (inside === '' || isAbsolute(inside) || inside.startsWith('..')) {
    throw new UsageError(`\`out\` must be in the folder of ${file} or in a folder above it, but is ${path}`, {
      remedy: 'A card names its file by a path inside its own folder.',
    });
  }
  const graph = readModel(reachable(file, real, path, inside));
  const { output, modality, replace = false } = options;
  const { card, assumptions } = await guessCard(graph, file, { name: stem, output, modality });
  const { sha256 } = await hashWeightFile(file);
  const text = `${JSON.stringify(written(card, inside, sha256), undefined, 2)}\n`;
  const parsed = parseCard(JSON.parse(text), path);
  if (options.dryRun === true) {
    if (!replace && existsSync(path)) throw alreadyThere(path);
    return { path, card: parsed, assumptions };
  }
  await write(path, text, replace);
  return { path, card: loadCard(path).card, assumptions };
}

function realPath(file: string): string {
  const remedy = 'Give the path of an ONNX file.';
  try {
    if (statSync(file).isFile()) return realpathSync(file);
  } catch (error) {
    throw new ModelError('weights', `${file} cannot be read: ${wordsOf(error)}`, { remedy, cause: error });
  }
  throw new ModelError('weights', `${file} is not a file`, { remedy });
}

/**
 * The real path of the file, as seen by whoever opens the card: links that lead out of a card's
 * folder are not followed.
 */
function reachable(file: string, path: string, card: string, inside: string): string {
  if (insideFolder(dirname(resolve(card)), inside) === path) return path;
  throw new ModelError(
    'card',
    `${file} is a link that leads outside the folder of the card ${card} (to ${path}); such links are not followed`,
    { remedy: 'Copy the file beside the card (`cp -L`), or give the file that the link leads to.' },
  );
}

/** The card as written to a file: fields that a card must not or need not state are left out. */
function written(card: NetworkCard, file: string, sha256: string): object {
  const { name, modality, input, preprocess, output } = card;
  const rules =
    preprocess && input.kind === 'frames' && input.dtype === 'uint8'
      ? { resize: preprocess.resize, channels: preprocess.channels }
      : preprocess;
  const bands = input.kind === 'log-mel' ? { bands: 64 } : {};
  return { name, modality, file, sha256, input: { ...input, ...bands }, preprocess: rules, output };
}

async function write(path: string, text: string, replace: boolean): Promise<void> {
  try {
    await makeDirectory(dirname(path));
    if (replace) return await replaceFile(path, text);
    if (await createOnce(path, Buffer.from(text))) return;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    throw new ModelError('card', `the card ${path} cannot be written: ${wordsOf(error)}`, { cause: error });
  }
  throw alreadyThere(path);
}

function alreadyThere(path: string): UsageError {
  return new UsageError(`${path} already exists`, {
    remedy: 'Give another path as `out`, or add `replace: true`.',
  });
}
