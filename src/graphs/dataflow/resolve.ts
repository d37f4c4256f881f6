import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import type { Cuts } from '../../operators/division.ts';
import { type RepeatedFrames, repeatedFrameRules } from '../../operators/embed.ts';
import { checkStatistics, type Statistic } from '../../operators/statistics.ts';
import type { ColumnOptions, EmbeddingOptions } from './video-scope.ts';

// How the options of a scope resolve, for the plan and the run alike.

const knownOfEmbedding: KnownOptions<EmbeddingOptions> = { name: true, repeatedFrames: true };
const knownOfColumn: KnownOptions<ColumnOptions> = { count: true, statistic: true, operator: true, seconds: true };

/** How a network is used, and the name of its operator. */
export function resolveEmbedding(
  network: UnopenedNetwork,
  options: EmbeddingOptions = {},
): { readonly name: string; readonly repeatedFrames: RepeatedFrames } {
  checkKnownOptions('scope.embed', options, knownOfEmbedding);
  const { name = `embed-${network.name}`, repeatedFrames = repeatedFrameRules[0] } = options;
  return { name, repeatedFrames };
}

/** The statistics of a column. @throws UsageError for one that does not exist. */
export function resolveStatistics(options: ColumnOptions): readonly Statistic[] {
  checkKnownOptions('scope.subclips', options, knownOfColumn);
  return checkStatistics('statistic', options.statistic ?? 'mean');
}

/**
 * How items are cut, in the form used in the parameters of a graph. Fixed lengths are only
 * mentioned if there are any, because ids of graphs are older than this option.
 */
export function cutsAsJson({ counts, seconds }: Cuts): {
  readonly subclips: readonly number[];
  readonly subclipSeconds?: readonly number[] | undefined;
} {
  return seconds.length === 0 ? { subclips: counts } : { subclips: counts, subclipSeconds: seconds };
}

/** Name of the operator that collects the rows of a table. */
export function rowsName(table: string): string {
  return `rows-${table}`;
}

/** Name of the operator that summarises a column. */
export function subclipsName(column: string, operator: string | undefined): string {
  return operator ?? `subclips-${column}`;
}
