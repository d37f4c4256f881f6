import { wordsOf } from '../../core/words-of.ts';
import { fileFault } from './bad-lines.ts';
import { SCENARIO_KINDS } from './scenario-kinds.ts';
import type { Scenario } from './scenarios.ts';

/** The content of `scenario.json`. */
export interface ScenarioFile extends Pick<Scenario, 'kind' | 'parameters' | 'counts'> {
  readonly format: string;
  readonly folds: readonly {
    readonly name: string;
    readonly train: number;
    readonly validation: number;
    readonly test: number;
  }[];
  /** Whether the files include the times of the ratings. */
  readonly timestamps?: boolean | undefined;
  /** SHA-256 of each file, by its path in the directory. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Parses `scenario.json`.
 *
 * @throws UsageError `ratings` when it is not JSON, has another format, or lacks what is needed to
 * read the splits.
 */
export function scenarioFile(text: string, path: string, format: string): ScenarioFile {
  let value: Partial<ScenarioFile> | null;
  try {
    value = JSON.parse(text) as Partial<ScenarioFile> | null;
  } catch (error) {
    throw fileFault(path, `is not JSON: ${wordsOf(error)}`);
  }
  if (value?.format !== format) throw fileFault(path, `is not of the format '${format}'`);
  const kinds: readonly unknown[] = [...SCENARIO_KINDS, 'given'];
  const whole =
    kinds.includes(value.kind) &&
    Array.isArray(value.folds) &&
    value.folds.every((fold) => typeof fold?.name === 'string') &&
    [value.files, value.parameters, value.counts].every((each) => typeof each === 'object' && each !== null);
  if (!whole) throw fileFault(path, 'is missing its kind, folds, files, parameters or counts');
  return value as ScenarioFile;
}
