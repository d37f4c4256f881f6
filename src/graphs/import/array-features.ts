import { Breather } from '../../core/breather.ts';
import { quoted } from '../../io/ratings/bad-lines.ts';
import { columnOf } from '../../io/ratings/csv-records.ts';
import { ID_NAMES } from '../../io/ratings/read-item-ids.ts';
import { doublePieces } from '../../models/weights/float-pieces.ts';
import { readTextArrays } from '../../models/weights/text-arrays.ts';
import { readWeights, type WeightTensor } from '../../models/weights/weight-file.ts';
import { featureFault, listed } from './feature-fault.ts';
import type { FeatureFile, FeatureFileOptions, FeatureRow } from './feature-file.ts';
import { type ItemArray, openItemArrays } from './item-arrays.ts';
import { itemIdOf } from './row-id.ts';
import { otherCount } from './row-maker.ts';

/**
 * Opens arrays of NumPy: `.npy` with the ids in another file, `.npz` with the ids in one of its
 * arrays. An array is `[items, values]`, or `[items, subclips, values]`. At most 1 MiB of values is
 * held.
 *
 * @throws ModelError `weights` when the file is damaged; UsageError `features` when ids or values
 * are missing, or do not fit each other.
 */
export async function openArrayFeatures(
  path: string,
  options: FeatureFileOptions,
  given: readonly string[] | undefined,
): Promise<FeatureFile> {
  const { tensors } = readWeights(path);
  const itemArrays = given === undefined ? arraysOfItems(path, tensors, options) : undefined;
  if (itemArrays !== undefined) return openItemArrays(path, itemArrays, options);
  const only = tensors.get('');
  if (only !== undefined && shapeOf(only) === undefined) throw noRows(path, only);
  const idName = given === undefined ? nameOfIds(path, tensors, options) : undefined;
  const ids = given ?? arrayIds(path, idName);
  const arrays = [...tensors.values()].filter(({ name }) => name !== idName);
  const wanted = options.columns ?? (options.column === undefined ? undefined : [options.column]);
  for (const name of wanted ?? []) {
    if (!tensors.has(name)) throw noArray(path, name, [...tensors.keys()]);
  }
  const chosen = arrays.filter((tensor) => wanted?.includes(tensor.name) ?? shapeOf(tensor) !== undefined);
  if (chosen.length === 0) {
    throw featureFault(
      path,
      `has no array of [items, values] beside the ids; it has ${listed(
        arrays.map(({ name, shape }) => `${name} [${shape.join(', ')}]`.trim()),
        quoted,
      )}`,
    );
  }
  for (const tensor of chosen) {
    const shape = shapeOf(tensor);
    if (shape === undefined) throw noRows(path, tensor);
    if (shape[0] !== ids.length) throw otherCount(path, shape[0] as number, ids.length);
  }
  const names = chosen.map(({ name }) => name);
  return {
    path,
    streams: names.map((name) => ({ name: names.length > 1 ? name : undefined, columns: undefined })),
    hasSubclips: chosen.some((tensor) => shapeOf(tensor)?.length === 3),
    passedOver: arrays.filter((array) => !chosen.includes(array)).map(({ name }) => name),
    async read(take) {
      for (const [index, tensor] of chosen.entries()) await readArray(path, tensor, ids, index, names.length, take);
    },
  };
}

/**
 * `[items, values]` or `[items, subclips, values]`; in a longer shape, dimensions of 1 after the
 * items, as networks leave them, are ignored. Undefined for any other array.
 */
function shapeOf({ shape }: WeightTensor): readonly number[] | undefined {
  const own = shape.length > 3 ? shape.filter((size, axis) => axis === 0 || size !== 1) : shape;
  return own.length === 2 || own.length === 3 ? own : undefined;
}

/** The arrays of an archive that has one `[values]` array for each item, named after its id. */
function arraysOfItems(
  path: string,
  tensors: ReadonlyMap<string, WeightTensor>,
  { id, column, columns }: FeatureFileOptions,
): ItemArray[] | undefined {
  const arrays = [...tensors.values()];
  const [first] = arrays;
  const isOfItems = arrays.every(({ shape }) => shape.length === 1 && shape[0] === first?.shape[0]);
  const isNamed = id ?? column ?? columns ?? arrays.find(({ name }) => columnOf([name], ID_NAMES) === 0);
  if (arrays.length < 2 || !isOfItems || isNamed !== undefined || readTextArrays(path).size > 0) return undefined;
  return arrays.map((tensor) => ({
    ...{ id: tensor.name, place: `${path}, array ${quoted(tensor.name)}`, open: () => tensor },
  }));
}

function noRows(path: string, { name, shape }: WeightTensor): Error {
  const which = name === '' ? 'is an array' : `has array ${quoted(name)}`;
  return featureFault(
    path,
    `${which} of [${shape.join(', ')}], not of [items, values] or [items, subclips, values]`,
    shape.length === 1
      ? 'If it belongs to one item, give the directory that has such a file for each item: their names are the ids.'
      : 'Save it in one of these shapes.',
  );
}

/**
 * The ids in an array, unchanged: whole numbers of any size, or texts.
 * @throws UsageError `features` when it has no array of that name.
 */
export function arrayIds(path: string, name = ''): string[] {
  const texts = readTextArrays(path).get(name);
  if (texts !== undefined) return texts().map((text, row) => itemIdOf(text, placeOf(path, row), true));
  const tensor = readWeights(path).tensors.get(name);
  if (tensor === undefined) throw noArray(path, name, [...readWeights(path).tensors.keys()]);
  const ids: string[] = [];
  for (const id of wholeNumbers(tensor)) ids.push(itemIdOf(id, placeOf(path, ids.length), true));
  return ids;
}

/** 64-bit integers exactly, everything else as float64. */
function* wholeNumbers(tensor: WeightTensor): Generator<bigint | number> {
  const { type } = tensor;
  if (type !== 'I64' && type !== 'U64') {
    for (const piece of doublePieces(tensor)) yield* piece;
    return;
  }
  for (const piece of tensor.pieces()) {
    const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let at = 0; at < piece.byteLength; at += 8) {
      yield type === 'I64' ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
    }
  }
}

function nameOfIds(path: string, tensors: ReadonlyMap<string, WeightTensor>, options: FeatureFileOptions): string {
  const names = [...new Set([...tensors.keys(), ...readTextArrays(path).keys()])];
  if (options.id !== undefined) {
    if (names.includes(options.id)) return options.id;
    throw noArray(path, options.id, names);
  }
  const position = columnOf(names, ID_NAMES);
  const found = names[position];
  if (found !== undefined) return found;
  throw featureFault(
    path,
    names.length === 1 && names[0] === '' ? 'has no ids' : `has no array of ids; it has ${listed(names, quoted)}`,
    'Give a file with one id for each row (`ids`); of an .npz, name the array of the ids (`id`).',
  );
}

function noArray(path: string, name: string, names: readonly string[]): Error {
  return featureFault(path, `has no array ${quoted(name)}; it has ${listed(names, quoted)}`, 'Name one of these.');
}

async function readArray(
  path: string,
  tensor: WeightTensor,
  ids: readonly string[],
  stream: number,
  streams: number,
  take: (row: FeatureRow) => void,
): Promise<void> {
  const shape = shapeOf(tensor) ?? [];
  const dimension = shape.at(-1) as number;
  const perItem = shape.length === 3 ? (shape[1] as number) : 1;
  const values = new Float64Array(dimension);
  const vectors: (Float64Array | undefined)[] = Array.from({ length: streams }, (_, index) =>
    index === stream ? values : undefined,
  );
  const breather = new Breather();
  let [filled, row] = [0, 0];
  for (const piece of doublePieces(tensor)) {
    for (let at = 0; at < piece.length; ) {
      const count = Math.min(dimension - filled, piece.length - at);
      values.set(piece.subarray(at, at + count), filled);
      filled += count;
      at += count;
      if (filled < dimension) continue;
      filled = 0;
      const item = Math.floor(row / perItem);
      take({
        itemId: ids[item] as string,
        subclip: shape.length === 3 ? row % perItem : undefined,
        vectors,
        place: placeOf(path, item),
      });
      row += 1;
    }
    if (breather.isDue) await breather.rest();
  }
}

function placeOf(file: string, row: number) {
  return { file, unit: 'row', number: row + 1 } as const;
}
