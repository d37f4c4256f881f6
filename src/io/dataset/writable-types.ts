import {
  type Data,
  DataType,
  Dictionary,
  Field,
  type RecordBatch,
  type Schema,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { UsageError } from '../../core/errors.ts';
import { type BatchColumn, recordBatch } from './batch-columns.ts';

/**
 * Refuses columns that cannot be written as Parquet, by name and before anything is done, because
 * parquet-wasm does not report them as errors: it panics, or never returns.
 *
 * @throws UsageError `dataset` naming the columns and their types.
 */
export function checkWritable(schema: Schema, file: string): void {
  const refused = schema.fields.filter(({ type }) => !(isWritable(type) || isViewDictionary(type)));
  if (refused.length === 0) return;
  const named = refused.map(({ name, type }) => `'${name}' (${type})`).join(', ');
  throw new UsageError(`${file} has columns that cannot be written as Parquet here: ${named}`, {
    code: 'dataset',
    remedy: 'Write the table again without them, or with them cast to numbers, strings, or lists or structs of these.',
  });
}

/**
 * The batch in a writable form: dictionaries of texts in the view layout, which Polars makes from
 * its Categorical and Enum columns, become dictionaries of plain texts. All other columns stay
 * unchanged.
 */
export function writable(batch: RecordBatch): RecordBatch {
  if (!batch.schema.fields.some(({ type }) => isViewDictionary(type))) return batch;
  const columns = batch.schema.fields.map((field, index): BatchColumn => {
    const data = batch.data.children[index] as Data;
    if (!isViewDictionary(field.type)) return { field, data };
    const { indices, id, isOrdered } = field.type;
    const type = new Dictionary(new Utf8(), indices, id, isOrdered);
    const dictionary = vectorFromArray([...(data.dictionary ?? [])] as (string | null)[], new Utf8());
    const plain = data.clone(type as never);
    plain.dictionary = dictionary;
    return { field: new Field(field.name, type, field.nullable, field.metadata), data: plain };
  });
  return recordBatch(columns, batch.numRows, batch.schema.metadata);
}

function isViewDictionary(type: DataType): type is Dictionary {
  return DataType.isDictionary(type) && DataType.isUtf8View(type.dictionary);
}

function isWritable(type: DataType, nested = false): boolean {
  if (DataType.isDictionary(type)) return isScalar(type.dictionary) && !DataType.isBool(type.dictionary);
  if (DataType.isStruct(type))
    return type.children.length > 0 && type.children.every((child) => isWritable(child.type, true));
  if (DataType.isList(type) || DataType.isLargeList(type) || DataType.isFixedSizeList(type) || DataType.isMap(type)) {
    return type.children.every((child) => isWritable(child.type, true));
  }
  if (DataType.isNull(type)) return !nested;
  return isScalar(type) || DataType.isUtf8View(type) || DataType.isBinaryView(type);
}

function isScalar(type: DataType): boolean {
  return (
    DataType.isBool(type) ||
    DataType.isInt(type) ||
    DataType.isFloat(type) ||
    DataType.isDecimal(type) ||
    DataType.isUtf8(type) ||
    DataType.isLargeUtf8(type) ||
    DataType.isBinary(type) ||
    DataType.isLargeBinary(type) ||
    DataType.isFixedSizeBinary(type) ||
    DataType.isDate(type) ||
    DataType.isTime(type) ||
    DataType.isTimestamp(type) ||
    DataType.isDuration(type)
  );
}
