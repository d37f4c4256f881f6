import { closeSync, existsSync, openSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve, sep } from 'node:path';
import { ModelError } from '../../core/errors.ts';
import { fileKind } from '../../core/file-kind.ts';
import { fillSync } from '../../core/whole-io.ts';

const pieceBytes = 1 << 20;

/** A tensor whose values are in a separate file beside the model. */
export interface ExternalTensor {
  readonly name: string;
  readonly byteLength: number;
  /** Path of the model file. */
  readonly model: string;
  /** The place according to the model: `location`, `offset`, `length`. */
  readonly entries: Readonly<Record<string, string>>;
}

/**
 * The real path of `name` inside `folder`, or undefined if it is missing, not a file, or leads out
 * of the folder (also through a link).
 */
export function insideFolder(folder: string, name: string): string | undefined {
  if (name.length === 0 || isAbsolute(name) || name.includes('\0')) return undefined;
  try {
    const root = realpathSync(folder);
    const path = realpathSync(resolve(root, name));
    return path.startsWith(root.endsWith(sep) ? root : root + sep) && statSync(path).isFile() ? path : undefined;
  } catch (error) {
    // Whatever the file system's error is, there is no such file inside the folder.
    if ((error as NodeJS.ErrnoException).syscall !== undefined) return undefined;
    throw error;
  }
}

/**
 * Where the external values of a tensor are.
 *
 * @throws ModelError `weights` if the file is missing, is only a pointer, is outside the model's
 * folder, or is too short.
 */
export function externalPlace(tensor: ExternalTensor): { readonly path: string; readonly start: number } {
  const { name, model, entries, byteLength } = tensor;
  const { location = '' } = entries;
  const path = insideFolder(dirname(model), location);
  if (path === undefined) throw missing(tensor, location);
  const start = Number(entries.offset ?? 0);
  const length = Number(entries.length ?? byteLength);
  const { size } = statSync(path);
  const fits = Number.isSafeInteger(start) && start >= 0 && length === byteLength && start + length <= size;
  if (fits) return { path, start };
  const kind = fileKind(firstBytes(path));
  throw new ModelError(
    'weights',
    kind
      ? `${path}, where ${model} keeps the values of '${name}', ${kind.is}`
      : `${model} keeps initialiser '${name}' at bytes ${entries.offset ?? 0} + ${entries.length ?? byteLength} of '${location}' (${size} bytes), which do not fit it (${byteLength} bytes)`,
    {
      remedy:
        kind?.remedy ?? `The file '${location}' is truncated, or belongs to another model: download both files again.`,
    },
  );
}

function missing({ name, model }: ExternalTensor, location: string): ModelError {
  const isInside = location !== '' && !isAbsolute(location) && !location.split(/[/\\]/).includes('..');
  const isAbsent = isInside && !location.includes('\0') && !existsSync(resolve(dirname(model), location));
  return new ModelError(
    'weights',
    isAbsent
      ? `${model} keeps the values of '${name}' in a separate file, '${location}', and there is no such file next to it`
      : `${model} keeps initialiser '${name}' in '${location}', which is not a file inside its own folder`,
    {
      remedy: isAbsent
        ? `Get '${location}' too, from wherever you got the model, and put it in the same folder.`
        : 'Keep the external data of a model next to it; links that lead outside its folder are not followed.',
    },
  );
}

function firstBytes(path: string): Uint8Array {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(512);
    return bytes.subarray(0, fillSync(descriptor, bytes, 0));
  } finally {
    closeSync(descriptor);
  }
}

/**
 * The bytes of a part of a file, at most 1 MiB at a time; the buffer is reused.
 *
 * @throws ModelError `weights` if the file ends before them.
 */
export function* filePieces(path: string, start: number, length: number): Generator<Uint8Array> {
  const descriptor = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(Math.min(pieceBytes, length));
    for (let position = 0; position < length; ) {
      const wanted = Math.min(buffer.byteLength, length - position);
      const piece = buffer.subarray(0, wanted);
      if (fillSync(descriptor, piece, start + position) < wanted) {
        throw new ModelError('weights', `${path} became shorter while it was read`);
      }
      yield piece;
      position += wanted;
    }
  } finally {
    closeSync(descriptor);
  }
}
