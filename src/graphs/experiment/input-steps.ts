import { UsageError } from '../../core/errors.ts';
import { namedInputs } from '../../models/recommenders/pairs/feature-mlp.ts';
import type { ExperimentData } from './experiment-data.ts';
import { streamsOf } from './streams-of.ts';

/** Inputs that mean nothing but themselves, so that shuffling them would change nothing. */
const IDS: readonly string[] = ['user-id', 'item-id'];

/** The network whose inputs are added, removed and shuffled one at a time. */
export const inputNetwork = 'feature-mlp';

/** The kind of change that shows what an input is worth. */
export type InputChange = 'added' | 'removed' | 'shuffled';

/** A row of the tables: the network with some of the inputs. */
export interface InputRow {
  readonly label: string;
  readonly inputs: readonly string[];
  readonly shuffled: readonly string[];
}

/** Two rows that differ in one input. */
export interface InputStep {
  readonly input: string;
  readonly change: InputChange;
  /** The label of the row that has the input, and of the one that does not. */
  readonly with: string;
  readonly without: string;
}

/**
 * Rows that add the inputs one after another, in their order; rows with all inputs except one; rows
 * with all inputs, one of them shuffled between items or users; and which two rows show what each
 * input is worth. Ids are not shuffled: an id only identifies.
 */
export function inputSteps(inputs: readonly string[]): {
  readonly rows: readonly InputRow[];
  readonly steps: readonly InputStep[];
} {
  const rows: InputRow[] = inputs.map((input, at) => ({
    label: labelOf(at === 0 ? input : `+ ${input}`),
    inputs: inputs.slice(0, at + 1),
    shuffled: [],
  }));
  const added = inputs.slice(1).map(
    (input, at): InputStep => ({
      ...{ input, change: 'added' },
      ...{ with: (rows[at + 1] as InputRow).label, without: (rows[at] as InputRow).label },
    }),
  );
  const all = (rows.at(-1) as InputRow).label;
  const steps = [...added];
  for (const input of inputs) {
    // Without the last input: the row before it was added.
    const isLast = input === inputs.at(-1);
    const without = isLast ? (rows[inputs.length - 2] as InputRow).label : labelOf(`without ${input}`);
    if (!isLast) rows.push({ label: without, inputs: inputs.filter((each) => each !== input), shuffled: [] });
    steps.push({ input, change: 'removed', with: all, without });
  }
  for (const input of inputs.filter((each) => !IDS.includes(each))) {
    const label = labelOf(`${input} shuffled`);
    rows.push({ label, inputs, shuffled: [input] });
    steps.push({ input, change: 'shuffled', with: all, without: label });
  }
  return { rows, steps };
}

function labelOf(words: string): string {
  return `${inputNetwork}: ${words}`;
}

/** Asserts that the data have all inputs. @throws UsageError naming one that they lack. */
export function checkInputs(inputs: readonly string[], data: ExperimentData, store: string | undefined): void {
  const movies = [...(data.movies?.values() ?? [])];
  const areTimed = data.ratings.timestamps !== undefined;
  const isThere: Readonly<Record<(typeof namedInputs)[number], boolean>> = {
    ...{ 'user-id': true, 'item-id': true, 'user-ratings': true },
    genres: movies.some(({ genres }) => genres.length > 0),
    year: movies.some(({ year }) => year !== undefined),
    demographics: (data.userFacts?.size ?? 0) > 0,
    ...{ 'since-first': areTimed, hour: areTimed, weekday: areTimed },
  };
  const streams = streamsOf(data, store).map(({ name }) => name);
  const known = [...namedInputs.filter((name) => isThere[name]), ...streams];
  const missing = inputs.find((name) => !known.includes(name));
  if (missing === undefined) return;
  throw new UsageError(`\`inputs\` has '${missing}', which the data lack`, {
    option: 'inputs',
    remedy: `They have ${known.join(', ')}.`,
  });
}
