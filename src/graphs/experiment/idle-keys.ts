import { idleOptions } from '../recommenders/idle-options.ts';
import { trainsInEpochs } from '../recommenders/recommender-names.ts';
import type { Experiment, ExperimentConfig } from './experiment-config.ts';
import type { ExperimentEntry } from './recommender-entries.ts';

/** One sentence for each key given to an experiment that has no effect in it. */
export function idleKeys(
  config: ExperimentConfig,
  { scenarios, perUser, recommenders: models, validation, protocol, split }: Experiment,
  entries: readonly ExperimentEntry[],
): string[] {
  const epochs = models.some(trainsInEpochs);
  const drawn = split === undefined;
  const needs: Partial<Record<keyof ExperimentConfig, [isThere: boolean, what: string]>> = {
    cut: [drawn && scenarios.includes('time'), 'it is for the scenario time'],
    foldIn: [drawn && scenarios.includes('user'), 'it is for the scenario user'],
    fewer: [perUser !== undefined, 'it is for users with fewer ratings than `perUser`'],
    validationShare: [validation.kind !== 'none', 'there is no validation part'],
    refit: [validation.kind !== 'none', 'there is no validation part'],
    saveSplits: [drawn, 'the split was read'],
    logDirectory: [epochs, 'no recommender trains in epochs'],
    concurrency: [epochs, 'no recommender trains in epochs'],
    undefined: [
      config.implicit === undefined || protocol === 'rated',
      'only figures of the catalogue are computed for choices',
    ],
  };
  const idle = Object.entries(needs).flatMap(([name, [isThere, what]]) =>
    isThere || config[name as keyof ExperimentConfig] === undefined ? [] : [`\`${name}\` has no effect: ${what}`],
  );
  const options = entries.flatMap(({ candidates }) =>
    candidates.flatMap(({ recommender: model, options: given }) => idleOptions(model, given)),
  );
  return [...idle, ...new Set(options)];
}
