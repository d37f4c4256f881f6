/**
 * Datasets: units, tables, caches, dead letters. The entry point `reelflow/datasets`.
 *
 * @module reelflow/datasets
 */

export type { Standardisation } from '../graphs/import/column-scales.ts';
export type { FeatureFileOptions } from '../graphs/import/feature-file.ts';
export { importFeatures } from '../graphs/import/import-features.ts';
export type {
  CategoryInput,
  FeatureInput,
  ImportedStream,
  ImportOptions,
  ImportSummary,
  MissingRule,
  TextInput,
} from '../graphs/import/import-options.ts';
export { openUnitCache } from '../io/cache/open-cache.ts';
export type { UnitCache } from '../io/cache/unit-cache.ts';
export { CommitStore } from '../io/dataset/commit-store.ts';
export { type CompactOptions, compact } from '../io/dataset/compact.ts';
export type { Cut } from '../io/dataset/cut.ts';
export { Dataset } from '../io/dataset/dataset.ts';
export type {
  DatasetCounts,
  DatasetDescription,
  DatasetFile,
  DatasetRowTable,
  DatasetTable,
} from '../io/dataset/dataset-file.ts';
export type { DeadLetter } from '../io/dataset/dead-letter.ts';
export type { ItemChange, ItemFacts, ItemState } from '../io/dataset/item-facts.ts';
export type { Items } from '../io/dataset/items.ts';
export type { ParquetCompression, ParquetEncoding } from '../io/dataset/parquet.ts';
export { type PlannedTable, plannedTables } from '../io/dataset/planned-tables.ts';
export type { ColumnFacts, ColumnShape, UnitColumn, UnitFacts, UnitTable } from '../io/dataset/schema.ts';
export { type DatasetStatus, datasetItems, datasetStatus, type TableStatus } from '../io/dataset/status.ts';
export type { PlannedUnit } from '../io/dataset/table-plan.ts';
export { openTable, type TableBatch, type TableReader, type TableReaderOptions } from '../io/dataset/table-reader.ts';
export type { KeptLetter, UnitStore } from '../io/dataset/unit-store.ts';
export type { MediaFacts, UnitSummary } from '../io/dataset/unit-summary.ts';
export { type BatchPlace, type Vectors, vectorsOf } from '../io/dataset/vector-column.ts';
