import { computeTrial } from './compute-trial.ts';
import { type ExperimentPoint, pointText } from './experiment-points.ts';
import { failureText } from './experiment-tally.ts';
import { foldData } from './fold-data.ts';
import type { TrialResult } from './point-result.ts';
import { fitRun, inTurns, type RunParts, type Slot } from './run-parts.ts';
import { bestOf, searchRounds, selectionMetric, selectionValue } from './search.ts';

/** How many trials on the validation part were made. */
export interface TrialCounts {
  readonly computed: number;
  /** Already computed by an earlier run. */
  readonly reused: number;
  readonly failed: number;
}

interface Trial extends ExperimentPoint {
  readonly slot: Slot;
}

/**
 * Reduces each slot to the combination that is best on the validation part. Works in rounds, with a
 * separate file for every trial, so that an interrupted run continues where it stopped. Slots that
 * the run did not reach keep all their combinations.
 */
export async function runTrials(slots: readonly Slot[], parts: RunParts): Promise<TrialCounts> {
  const { experiment, store, options, tally } = parts;
  const counts = { computed: 0, reused: 0, failed: 0 };
  const open = slots.filter(({ candidates }) => candidates.length > 1);
  if (experiment.select === undefined || open.length === 0) return counts;
  const metric = selectionMetric(experiment.select, experiment);
  const roundsOf = ({ entry }: Slot) => searchRounds(entry.candidates.length, experiment.search);
  const most = Math.max(...open.map((slot) => roundsOf(slot).length));
  for (let round = 0; round < most; round++) {
    const found = new Map<Slot, Map<string, TrialResult | undefined>>();
    const missing: Trial[] = [];
    const going = open.filter((slot) => roundsOf(slot)[round] !== undefined && slot.candidates.length > 0);
    const shareOf = (slot: Slot) => roundsOf(slot)[round]?.share ?? 1;
    for (const slot of going) {
      const own = new Map<string, TrialResult | undefined>();
      found.set(slot, own);
      for (const variant of slot.candidates) {
        const trial = { ...slot.place, variant, slot };
        const known = await store.readTrial(trial, shareOf(slot));
        if (known === undefined) missing.push(trial);
        else own.set(variant.label, known);
      }
      counts.reused += own.size;
    }
    tally.begin('trials', missing.length);
    await inTurns(missing, parts, async (trial) => {
      const result = await runTrial(trial, shareOf(trial.slot), metric, parts);
      if (result === 'stopped') return;
      if (result === undefined) counts.failed += 1;
      else counts.computed += 1;
      found.get(trial.slot)?.set(trial.variant.label, result);
    });
    for (const [slot, own] of found) {
      if (slot.candidates.some(({ label }) => !own.has(label))) continue;
      const tried = slot.candidates.map((variant) => [variant, own.get(variant.label)] as const);
      slot.candidates = bestOf(tried, metric, roundsOf(slot)[round + 1]?.candidates ?? 1);
    }
    // Undecided slots get no points in this run.
    if (options.signal?.aborted || options.stop?.aborted) break;
  }
  return counts;
}

async function runTrial(
  trial: Trial,
  share: number,
  metric: string,
  parts: RunParts,
): Promise<TrialResult | undefined | 'stopped'> {
  const { experiment, data, scenarios, store, options, tally } = parts;
  const { slot: _slot, ...point } = trial;
  const part = share < 1 ? ` (${(100 * share).toFixed(0)} % of the training ratings)` : '';
  try {
    const fold = await foldData(point, point.variant, data, scenarios);
    const result = await computeTrial(fold, point.variant, point, experiment, fitRun(point, parts), share);
    if (result === undefined) {
      tally.done(pointText(point), 'has no validation ratings');
      return undefined;
    }
    await store.writeTrial(point, result);
    tally.done(`${pointText(point)}${part}`, `${metric} ${selectionValue(result, metric).toFixed(4)}`);
    return result;
  } catch (error) {
    if (options.stop?.aborted) return 'stopped';
    const failure = await store.writeFailure(point, error);
    tally.done(`${pointText(point)}${part}`, failureText(failure));
    return undefined;
  }
}
