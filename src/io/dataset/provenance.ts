import type { DatasetDescription } from './dataset-file.ts';
import type { ParquetEncoding } from './parquet.ts';
import type { RowSchema } from './row-types.ts';
import type { TablePlan } from './table-plan.ts';

/**
 * A network as named in units and columns: by its hashes. The whole card is in `_dataset.json` and
 * in the tables' files; the names of its weight files are only in `_dataset.json`, because they
 * change no values.
 */
export function withoutCard(model: unknown): unknown {
  if (typeof model !== 'object' || model === null) return model;
  const { card: _, ...rest } = withoutFiles(model) as Record<string, unknown>;
  return rest;
}

function withoutFiles(model: unknown): unknown {
  if (typeof model !== 'object' || model === null) return model;
  const { files: _, ...rest } = model as Record<string, unknown>;
  return rest;
}

/**
 * What a table's file says about itself as a whole, as JSON: how it was made, so that the file is
 * self-describing.
 */
export function tableProvenance(description: DatasetDescription, plan: TablePlan, encoding: ParquetEncoding): string {
  const { graphId, name, version, params } = description;
  const models = description.models.map(withoutFiles);
  const { subclips, statistic } = plan;
  return JSON.stringify({ graphId, name, version, subclips, aggregate: statistic, encoding, models, params });
}

/** The same for the file of a table of rows. */
export function rowTableProvenance(
  description: DatasetDescription,
  table: string,
  columns: RowSchema,
  encoding: ParquetEncoding,
): string {
  const { graphId, name, version, params } = description;
  const models = description.models.map(withoutFiles);
  return JSON.stringify({ graphId, name, version, table, columns, encoding, models, params });
}

/**
 * What a vector column says about itself: its stream, statistic, dimension, number of subclips,
 * graph, and the networks that made it with the hashes of their cards and weights. A network that
 * names its `stream` belongs to that stream, any other to all streams.
 */
export function columnProvenance(
  description: DatasetDescription,
  plan: TablePlan,
  stream: string,
  dimension: number,
): Map<string, string> {
  const own = description.models.map(withoutCard).filter((model) => {
    const of = (model as { readonly stream?: unknown } | null)?.stream;
    return of === undefined || of === stream;
  });
  return new Map([
    ['graph', description.graphId],
    ['stream', stream],
    ['aggregate', plan.statistic],
    ['subclips', String(plan.subclips)],
    ['dimension', String(dimension)],
    ['models', JSON.stringify(own)],
  ]);
}
