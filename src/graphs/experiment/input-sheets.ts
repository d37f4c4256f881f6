import { csvField } from '../../core/csv-field.ts';
import { type Comparison, compared, type PairedSamples } from './comparison.ts';
import { shownMetrics } from './group-sheets.ts';
import type { InputStep } from './input-steps.ts';
import { corrected, type Sheet, signed } from './sheets.ts';

/** What an input changes in one metric, tested over pairs of users. */
export interface InputEffect extends Comparison, Pick<InputStep, 'input' | 'change'> {}

/** Tests what each input changes, corrected over the inputs for each kind of change. */
export function inputEffects(
  steps: readonly InputStep[],
  samplesOf: (step: InputStep) => readonly PairedSamples[],
): InputEffect[] {
  return (['added', 'removed', 'shuffled'] as const).flatMap((change) => {
    const own = steps
      .filter((step) => step.change === change)
      .flatMap((step) => samplesOf(step).map((samples) => ({ step, samples })));
    const found = compared(own.map(({ samples }) => samples));
    return found.map((each, at): InputEffect => ({ ...each, input: own[at]?.step.input as string, change }));
  });
}

/** What the inputs change: a table for each scenario and metric. */
export function inputSheets(effects: readonly InputEffect[]): Sheet[] {
  const metrics = shownMetrics(effects.map(({ metric }) => metric));
  const tables = new Map<string, InputEffect[]>();
  for (const effect of effects.filter(({ metric }) => metrics.includes(metric))) {
    const title = `${effect.metric}, ${effect.scenario}`;
    tables.set(title, [...(tables.get(title) ?? []), effect]);
  }
  return [...tables].map(([title, own]) => ({
    title: `What inputs change: ${title}`,
    note: [
      'difference: mean over users of the row with the input minus the row without it, with its 95 % interval by t',
      'p: paired over users (each the mean over folds and runs), two-sided, corrected by Holm over the inputs',
    ].join('; '),
    rows: [
      ['input', 'change', 'users', 'difference', 'low', 'high', 'p t', 'p Wilcoxon'],
      ...own.map(({ input, change, pairs, difference, interval, t, wilcoxon }) => [
        ...[input, change, String(pairs), ...[difference, interval.low, interval.high].map(signed)],
        ...[t, wilcoxon].map(corrected),
      ]),
    ].map((row) => row.map((text) => ({ text }))),
  }));
}

/** What the inputs change, as CSV: a line for each input, change and metric. */
export function inputsCsv(effects: readonly InputEffect[]): string {
  const lines = effects.map(({ interval, t, wilcoxon, ...facts }) =>
    [
      ...[facts.scenario, csvField(facts.input), facts.change, csvField(facts.label), csvField(facts.reference)],
      ...[facts.metric, facts.pairs],
      ...[facts.difference, interval.low, interval.high, t.p, t.holm, wilcoxon.p, wilcoxon.holm].map((value) =>
        Number.isNaN(value) ? '' : value,
      ),
    ].join(','),
  );
  const head =
    'scenario,input,change,with,without,metric,users,difference,interval_low,interval_high,t_p,t_holm,wilcoxon_p,wilcoxon_holm';
  return `${[head, ...lines].join('\n')}\n`;
}
