import { quoted } from '../../io/ratings/bad-lines.ts';
import { columnOf } from '../../io/ratings/csv-records.ts';
import { ID_NAMES } from '../../io/ratings/read-item-ids.ts';
import { featureFault, listed } from './feature-fault.ts';
import type { FeatureFileOptions, FileStream } from './feature-file.ts';
import type { FieldKind } from './feature-values.ts';

/** A column, and what most of its values are. */
export interface KnownColumn {
  readonly name: string;
  readonly kind: FieldKind;
  /** A text among the numbers of the column, if it has such a one. */
  readonly odd?: unknown;
}

/** The role of each column, by position. */
export interface ChosenColumns {
  /** -1: the ids are in a separate file. */
  readonly id: number;
  /** Whether the user, or the column's name, says that these are the ids. */
  readonly idIsNamed: boolean;
  /** -1: an item has one row. */
  readonly subclip: number;
  readonly streams: readonly (FileStream & {
    readonly positions: readonly number[];
    /** Whether a column holds whole vectors. */
    readonly isList: boolean;
  })[];
  readonly passedOver: readonly string[];
  /** Columns of numbers that cannot be used, and why. */
  readonly spoilt: readonly { readonly column: string; readonly why: string }[];
}

/**
 * Chooses ids, subclips and values among the columns of a file. If values are not named, each
 * column of lists is a stream; if there are none, all columns of numbers together form one.
 *
 * @throws UsageError `features` when a named column does not exist, there are no values, or several
 * columns have a name that is used.
 */
export function chooseColumns(
  file: string,
  columns: readonly KnownColumn[],
  options: FeatureFileOptions,
): ChosenColumns {
  const names = columns.map(({ name }) => name);
  const named = (name: string): number => {
    const position = names.indexOf(name);
    if (position >= 0) return position;
    throw featureFault(file, `has no column ${quoted(name)}; it has ${listed(names, quoted)}`, 'Name one of these.');
  };
  const usual = columnOf(names, ID_NAMES);
  const idIsNamed = options.id !== undefined || usual >= 0;
  let id = Math.max(0, usual);
  if (options.id !== undefined) id = named(options.id);
  else if (options.ids !== undefined) id = -1;
  const subclip = options.subclip === undefined ? names.indexOf('subclip') : named(options.subclip);
  const isFree = (position: number) => position !== id && position !== subclip;
  const streams = streamsOf(file, columns, options, isFree, named);
  const used = new Set(streams.flatMap(({ positions }) => positions));
  refuseSharedNames(file, names, [id, subclip, ...used]);
  const others = columns.filter((_, position) => isFree(position) && !used.has(position));
  const isSpoilt = ({ odd }: KnownColumn) => odd !== undefined && options.columns === undefined;
  return {
    ...{ id, idIsNamed, subclip, streams },
    passedOver: others.filter((column) => !isSpoilt(column)).map(({ name }) => name),
    spoilt: others
      .filter(isSpoilt)
      .map(({ name, odd }) => ({ column: name, why: `${quoted(String(odd))} is not a number` })),
  };
}

/** A column that is read by its name must be the only one with that name. */
function refuseSharedNames(file: string, names: readonly string[], used: readonly number[]): void {
  const shared = used.find(
    (at) => at >= 0 && names.indexOf(names[at] as string) !== names.lastIndexOf(names[at] as string),
  );
  if (shared === undefined) return;
  throw featureFault(
    file,
    `has several columns called ${quoted(names[shared] as string)}`,
    'Give each column a different name, or remove the one that is not wanted.',
  );
}

function streamsOf(
  file: string,
  columns: readonly KnownColumn[],
  options: FeatureFileOptions,
  isFree: (position: number) => boolean,
  named: (name: string) => number,
): ChosenColumns['streams'] {
  const nameAt = (position: number) => (columns[position] as KnownColumn).name;
  if (options.column !== undefined && options.columns !== undefined) {
    throw featureFault(
      file,
      'was given both a column of vectors and columns of values',
      'Give `column` for vectors in one column, or `columns` for one value in each.',
    );
  }
  if (options.column !== undefined) {
    return [{ name: undefined, columns: undefined, positions: [named(options.column)], isList: true }];
  }
  if (options.columns !== undefined) {
    const positions = options.columns.map(named);
    return [{ name: undefined, columns: options.columns, positions, isList: false }];
  }
  const positions = [...columns.keys()].filter(isFree);
  const lists = positions.filter((position) => columns[position]?.kind === 'list');
  if (lists.length > 0) {
    return lists.map((position) => ({
      ...{ name: lists.length > 1 ? nameAt(position) : undefined, columns: undefined },
      ...{ positions: [position], isList: true },
    }));
  }
  // A column without a name is an index written by pandas.
  const numbers = positions.filter(
    (position) => columns[position]?.kind === 'number' && !/^(unnamed: \d+)?$/i.test(nameAt(position)),
  );
  if (numbers.length === 0) {
    throw featureFault(
      file,
      `has no column of numbers or of lists of numbers beside the ids; it has ${listed(
        columns.map(({ name }) => name),
        quoted,
      )}`,
      'Name the columns of the values (`columns`) or, where one column holds whole vectors, that one (`column`).',
    );
  }
  return [{ name: undefined, columns: numbers.map(nameAt), positions: numbers, isList: false }];
}
