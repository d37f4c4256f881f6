import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { datasetFilePath } from '../../io/dataset/dataset-file.ts';
import { openSource, readCut, type SourceDataset, type UnitCut } from '../reduction/source-dataset.ts';

/** When a subclip begins and ends, in seconds from the start of its item. */
export interface SubclipTime {
  readonly start: number;
  readonly end: number;
}

/**
 * When the subclips of an item begin and end: as recorded by the reduction that wrote this training
 * store. Undefined for a store from elsewhere, or if the item has a different number of subclips
 * there.
 */
export async function subclipTimes(
  store: string,
  featureId: string,
  subclips: number,
): Promise<SubclipTime[] | undefined> {
  const directory = [store, dirname(store)].find((place) => existsSync(datasetFilePath(place)));
  if (directory === undefined) return undefined;
  return timesIn(await openSource(directory, { subclips, onlyTimes: true }), featureId, subclips);
}

/** The same, from an open dataset. */
export async function timesIn(
  source: SourceDataset,
  featureId: string,
  subclips: number,
): Promise<SubclipTime[] | undefined> {
  const unit = source.units.find(({ facts }) => facts.itemId === featureId);
  const cut = unit && (await readCut(source, unit.key));
  return cut && timesOfCut(cut, subclips);
}

/** The same, from the rows of an item; undefined if there is another number of them. */
export function timesOfCut(cut: UnitCut, subclips: number): SubclipTime[] | undefined {
  if (cut.rows !== subclips) return undefined;
  return Array.from({ length: subclips }, (_, row) => ({
    start: cut.unit.start[cut.first + row] as number,
    end: cut.unit.end[cut.first + row] as number,
  }));
}
