import { UsageError } from '../../core/errors.ts';

/** One value of a row: `time` is seconds as float64. */
export type RowScalar = 'float32' | 'float64' | 'int32' | 'bool' | 'utf8' | 'time';

type RowValueType = RowScalar | `${RowScalar}[]` | `float32[${number}]`;

/**
 * Type of a column of rows: `float32`, `float64`, `int32`, `bool`, `utf8`, `time` (seconds); a list
 * of one of these, such as `utf8[]`; a vector of a fixed length, such as `float32[512]`. With `?`
 * at the end, the value may be null or left out.
 */
export type RowType = RowValueType | `${RowValueType}?`;

/** The columns of rows, and their types. */
export type RowSchema = Readonly<Record<string, RowType>>;

type ScalarValue<T> = T extends 'utf8' ? string : T extends 'bool' ? boolean : number;
type ListValue<T> = T extends 'utf8' | 'bool' ? readonly ScalarValue<T>[] : ArrayLike<number>;

/** The values that a column of a type accepts. */
export type RowValue<T extends RowType> = T extends `${infer Own extends RowValueType}?`
  ? RowValue<Own> | null | undefined
  : T extends `${infer Scalar extends RowScalar}[]`
    ? ListValue<Scalar>
    : T extends `float32[${number}]`
      ? ArrayLike<number>
      : ScalarValue<T>;

type Optional<S extends RowSchema> = { [Name in keyof S]: S[Name] extends `${string}?` ? Name : never }[keyof S];

/** A row with the columns of a schema. */
export type Row<S extends RowSchema> = { readonly [Name in Exclude<keyof S, Optional<S>>]: RowValue<S[Name]> } & {
  readonly [Name in Optional<S>]?: RowValue<S[Name]>;
};

/** A parsed column type. */
export interface ParsedRowType {
  readonly text: string;
  readonly scalar: RowScalar;
  /** `undefined` for one value, `any` for a list, a number for a vector of that length. */
  readonly length: number | 'any' | undefined;
  readonly nullable: boolean;
}

const TYPE = /^(float32|float64|int32|bool|utf8|time)(?:\[(\d*)\])?(\?)?$/;
const COLUMN_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const LONGEST_VECTOR = 1_000_000;

/** Parses a column type. @throws UsageError for something that is not a type. */
export function parseRowType(column: string, text: unknown): ParsedRowType {
  const match = typeof text === 'string' ? TYPE.exec(text) : null;
  const [, scalar, length, mark] = match ?? [];
  const size = length === undefined ? undefined : length === '' ? 'any' : Number(length);
  const isVector = typeof size === 'number';
  if (scalar === undefined || (isVector && (scalar !== 'float32' || size < 1 || size > LONGEST_VECTOR))) {
    throw new UsageError(`column '${column}' has the type '${String(text)}', which rows cannot have`, {
      remedy:
        "Types are float32, float64, int32, bool, utf8 and time, a list such as 'utf8[]', a vector such as 'float32[512]'; with '?' at the end, the value may be null.",
    });
  }
  return { text: text as string, scalar: scalar as RowScalar, length: size, nullable: mark !== undefined };
}

/**
 * The columns of rows, with parsed types.
 * @throws UsageError for invalid names and types.
 */
export function parseRowSchema(schema: RowSchema): ReadonlyMap<string, ParsedRowType> {
  const columns = Object.entries(schema ?? {});
  if (columns.length === 0) throw new UsageError('rows need at least one column: `scope.rows({ start: "time" })`');
  for (const [name] of columns) {
    if (COLUMN_NAME.test(name) && name !== 'item_id') continue;
    throw new UsageError(
      `a column of rows must have a name of one letter and up to 63 letters, digits, '_' or '-', and not item_id, but is named '${name}'`,
    );
  }
  return new Map(columns.map(([name, type]) => [name, parseRowType(name, type)]));
}

/** Directories of a dataset whose names a table cannot have. */
const TAKEN = ['units', 'dead', 'pca', 'dataset'];

/**
 * Checks that a table of rows can have this name, which is also its directory's.
 * @throws UsageError for a name that is taken.
 */
export function checkTableName(name: string): string {
  if (!TAKEN.includes(name.toLowerCase())) return name;
  throw new UsageError(`a table of rows cannot be named '${name}': a dataset has a directory of that name`);
}
