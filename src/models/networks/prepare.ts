import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../core/hash.ts';
import type { OnnxGraph } from '../onnx/onnx-graph.ts';
import { writeModel } from '../onnx/write.ts';
import { cachedFolder } from './cache.ts';

/** Increment when the format of prepared networks changes. */
const format = 'reelflow-prepared-network-2';
const manifestName = 'prepared.json';

interface Manifest {
  readonly format: string;
  readonly parts: readonly { readonly model: number; readonly data: number; readonly valuesHash: string }[];
}

const partPath = (folder: string, index: number, ending: 'onnx' | 'data') => join(folder, `part-${index}.${ending}`);

function isWhole(folder: string, count: number): boolean {
  const path = join(folder, manifestName);
  if (!statSync(path, { throwIfNoEntry: false })) return false;
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size;
  return (
    manifest.format === format &&
    manifest.parts.length === count &&
    manifest.parts.every(
      (part, index) =>
        sizeOf(partPath(folder, index, 'onnx')) === part.model && sizeOf(partPath(folder, index, 'data')) === part.data,
    )
  );
}

/**
 * Writes the parts of a network to the cache in the form that is run, unless they are already
 * there.
 *
 * @param identity - identifies the content: hashes of card and weights.
 * @returns paths of the parts' ONNX files.
 * @throws SystemError `not-writable` or `disk-full` if the cache cannot be written; ModelError
 * `weights` if the weights cannot be read.
 */
export function prepareParts(
  parts: readonly OnnxGraph[],
  identity: readonly string[],
  directory: string,
): readonly string[] {
  const key = sha256([format, ...identity].join('\n')).slice(0, 40);
  const folder = cachedFolder(
    directory,
    key,
    (path) => isWhole(path, parts.length),
    (path) => {
      const manifest: Manifest = {
        format,
        parts: parts.map((graph, index) => {
          const model = partPath(path, index, 'onnx');
          const written = writeModel(graph, model, partPath(path, index, 'data'));
          return { model: statSync(model).size, data: written.dataBytes, valuesHash: written.valuesHash };
        }),
      };
      writeFileSync(join(path, manifestName), JSON.stringify(manifest), { mode: 0o600 });
    },
  );
  return parts.map((_, index) => partPath(folder, index, 'onnx'));
}
