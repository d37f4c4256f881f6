import { looksLikeNpy, openNpy } from './npy.ts';
import { type Refuse, SourceFile, type WeightBytes } from './source-file.ts';
import { elementCount } from './strided.ts';
import { readZipEntries } from './zip-entry.ts';

/** Maximum bytes of an array of texts, as stored in the file, held in memory. */
const MAX_BYTES = 256 * 2 ** 20;
/** Unicode texts (UCS-4) or bytes, of a fixed width. */
const TEXT_TYPE = /^([<=|])([US])([1-9]\d{0,5})$/;

/**
 * The arrays of texts (`<U12`, `|S12`) of a `.npy` or `.npz` file, which are ids, never weights, by
 * name; that of a `.npy` file is named ''. An array is read on demand.
 *
 * @throws ModelError `weights` if the file is broken, or an array has more than 256 MiB.
 */
export function readTextArrays(path: string): ReadonlyMap<string, () => string[]> {
  const file = new SourceFile(path);
  try {
    const isNpy = looksLikeNpy(file.bytes(0, Math.min(file.byteLength, 6)));
    const entries: [string, WeightBytes][] = isNpy
      ? [['', file]]
      : [...readZipEntries(file).values()].map((entry) => [entry.name.replace(/\.npy$/, ''), entry]);
    return new Map(entries.flatMap(([name, bytes]) => textArray(name, bytes, file.refuse)));
  } finally {
    file.close();
  }
}

function textArray(name: string, bytes: WeightBytes, refuse: Refuse): [string, () => string[]][] {
  const { label, description, shape, values } = openNpy(name, bytes, refuse);
  const [, , kind, digits = '0'] = TEXT_TYPE.exec(description) ?? [];
  if (kind === undefined) return [];
  const width = Number(digits) * (kind === 'U' ? 4 : 1);
  const count = elementCount(shape);
  if (count === undefined || count * width !== values.byteLength) {
    throw refuse(
      `has ${values.byteLength} bytes of texts in ${label}, where [${shape}] of '${description}' needs a different number`,
    );
  }
  if (values.byteLength > MAX_BYTES) throw refuse(`has more than ${MAX_BYTES} bytes of texts in ${label}`);
  const read = () => {
    const pieces = Array.from(values.pieces(0, values.byteLength), (piece) => piece.slice());
    const all = Buffer.concat(pieces);
    return Array.from({ length: count }, (_, index) => {
      const cell = all.subarray(index * width, (index + 1) * width);
      const text = kind === 'U' ? unicode(cell, label, refuse) : cell.toString('utf8');
      return text.replace(/\0+$/, '');
    });
  };
  return [[name, read]];
}

function unicode(cell: Buffer, label: string, refuse: Refuse): string {
  let text = '';
  for (let at = 0; at < cell.length; at += 4) {
    const code = cell.readUInt32LE(at);
    if (code > 0x10ffff) throw refuse(`has a text in ${label} with a character beyond Unicode (${code})`);
    text += String.fromCodePoint(code);
  }
  return text;
}
