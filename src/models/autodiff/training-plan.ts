import type { OnnxGraph } from '../onnx/onnx-graph.ts';
import { encodeModel } from '../onnx/write.ts';
import type { Dimension, Tensor } from './emitter.ts';
import { add } from './operations/arithmetic.ts';
import { l2Penalty } from './operations/losses.ts';
import type { Optimiser } from './optimisers/optimiser.ts';
import { buildPrivateStep, type GradientPrivacy, type NoiseInput } from './private-step.ts';
import { graphShape, layOut, type StateGroup, type StateTensor, tensorsOf } from './state.ts';
import { enter, gradientOf } from './state-groups.ts';
import { type StepLoop, stepLoop } from './step-loop.ts';
import { type Mask, placesOf, Tape } from './tape.ts';

/** What a module writes onto a tape. */
export interface ModuleOutputs {
  /** What it predicts. */
  readonly output: Tensor;
  /** The loss without penalties, a scalar. */
  readonly loss: Tensor;
  /**
   * The module's own penalty, a scalar: the step minimises loss plus penalty, but only the loss is
   * reported.
   */
  readonly penalty?: Tensor | undefined;
}

/** A module that can be trained. */
export interface TrainableModule {
  readonly name: string;
  /**
   * Writes inputs, forward pass and loss. Called several times: for the training step, for
   * evaluation, for steps on a card.
   */
  build(tape: Tape): ModuleOutputs;
  /** Which weights keep their initial values. Default none. */
  readonly isFrozen?: ((name: string) => boolean) | undefined;
}

/** An input of a graph that is fed with each batch. */
export interface FedInput {
  readonly name: string;
  readonly shape: readonly Dimension[];
  /** For an input that selects among the passed rows: the feed that it is computed from. */
  readonly placesOf?: string | undefined;
}

/**
 * A training step and an evaluation as ONNX models, with everything needed to run them: plain data
 * that can be sent between threads.
 */
export interface TrainingPlan {
  readonly stepModel: Uint8Array;
  readonly evaluationModel: Uint8Array;
  readonly state: readonly StateTensor[];
  /** For each state tensor, the output with its next values; null for one that does not change. */
  readonly next: readonly (string | null)[];
  /** Inputs of the evaluation that are state, as indices into `state`. */
  readonly evaluationState: readonly number[];
  readonly loss: string;
  readonly output: string;
  readonly masks: readonly Mask[];
  /** In a private step, the noise, which is drawn afresh for each step. */
  readonly noises: readonly NoiseInput[];
  /** Inputs [1] that the optimiser sets afresh for each step. */
  readonly scalars: readonly string[];
  readonly stepInputs: readonly FedInput[];
  readonly evaluationInputs: readonly FedInput[];
}

/** A plan, and how its variables are arranged in the state. */
export interface PlannedTraining {
  readonly plan: TrainingPlan;
  readonly groups: readonly StateGroup[];
  /** Several steps in one run; undefined for a plan with tables outside the graph. */
  readonly loop: () => StepLoop | undefined;
}

/**
 * One training step as a graph: the inputs are the batch and the state, the outputs the loss and
 * the next state.
 */
function buildStep(
  module: TrainableModule,
  optimiser: Optimiser,
  l2: number,
  sparse: boolean | undefined,
  scatters = true,
) {
  const tape = new Tape({ training: true, sparse, scatters, isFrozen: module.isFrozen });
  const { graph } = tape;
  const { loss, penalty } = module.build(tape);
  const penalised = penalty ? add(tape, loss, penalty) : loss;
  const kernels = tape.variables.filter(({ kind, shape }) => kind === 'weight' && shape.length > 1);
  const objective =
    l2 === 0 || kernels.length === 0
      ? penalised
      : add(
          tape,
          penalised,
          l2Penalty(
            tape,
            kernels.map(({ tensor }) => tensor),
            l2,
          ),
        );
  tape.backward(objective);
  const groups = layOut(tape.variables, optimiser);
  enter(tape, groups);
  const scalars = optimiser.scalars.map((name) => graph.input(`optimiser/${name}`, [1]));
  const next = groups.flatMap((group) => {
    const { value, slots, variables } = group;
    if (value.kind === 'statistic' && value.lookedUpBy !== undefined) return [null];
    if (value.kind === 'statistic') {
      const updates = variables.map(({ tensor }) => graph.reshape(tape.updateOf(tensor), ['flat']));
      return [graph.concat(updates, 0, value.length)];
    }
    const weight = { name: value.input, shape: graphShape(value), type: 'real' } as const;
    const kept = slots.map((slot) => graph.input(slot.input, graphShape(slot)));
    const updated = optimiser.emit(graph, weight, gradientOf(tape, group), kept, scalars);
    return [updated.weight, ...updated.slots];
  });
  const built = graph.build([loss, ...next.filter((each) => each !== null)]);
  return { masks: tape.masks, noises: [], groups, loss, next, graph: built };
}

function fedInputs(graph: OnnxGraph, state: readonly StateTensor[], others: ReadonlySet<string>): FedInput[] {
  const feeds = new Map(state.flatMap(({ lookedUpBy: feed }) => (feed === undefined ? [] : [[placesOf(feed), feed]])));
  return graph.inputs
    .filter(({ name }) => !others.has(name))
    .map(({ name, shape }) => {
      const feed = feeds.get(name);
      return { name, shape: shape as readonly Dimension[], placesOf: feed };
    });
}

/**
 * Writes the training step and the evaluation of a module. To the step's loss is added `l2` times
 * the sum of squares of all weights with two or more axes (kernels and embeddings, not biases); the
 * reported loss does not include it.
 *
 * @param sparse - whether tables are kept outside the graph, so that a step changes only the rows
 * that its batch names; undefined: those of at least 10,000 rows.
 * @param privacy - of a differentially private step, whose tables are all inside the graph, and
 * whose feeds are those of `joinUnits`.
 * @throws UsageError if the loss does not depend on a weight, or an option is out of range;
 * `no-privacy`.
 */
export function planTraining(
  module: TrainableModule,
  optimiser: Optimiser,
  l2 = 0,
  sparse?: boolean,
  privacy?: Omit<GradientPrivacy, 'key'>,
): PlannedTraining {
  const step = privacy ? buildPrivateStep(module, optimiser, l2, privacy) : buildStep(module, optimiser, l2, sparse);
  const state = tensorsOf(step.groups);
  const tape = new Tape({ training: false, sparse: privacy ? false : sparse });
  const { output } = module.build(tape);
  const variables = tape.variables;
  enter(
    tape,
    step.groups.map((group) => ({
      ...group,
      variables: group.variables.map(
        ({ name }) => variables.find((other) => other.name === name) as (typeof variables)[0],
      ),
    })),
  );
  const evaluation = tape.graph.build([output]);
  const stateNames = state.map(({ input }) => input);
  const scalars = optimiser.scalars.map((name) => `optimiser/${name}`);
  const drawn = [...step.masks, ...step.noises].map(({ input }) => input);
  const notFed = new Set([...stateNames, ...scalars, ...drawn]);
  const evaluated = new Set(evaluation.inputs.map(({ name }) => name));
  const plan = {
    state,
    next: step.next.map((each) => each?.name ?? null),
    evaluationState: [...state.keys()].filter((index) => evaluated.has(stateNames[index] as string)),
    loss: step.loss.name,
    output: output.name,
    masks: step.masks,
    noises: step.noises,
    scalars,
    stepInputs: fedInputs(step.graph, state, notFed),
    evaluationInputs: fedInputs(evaluation, state, notFed),
  };
  return {
    groups: step.groups,
    plan: { ...plan, stepModel: encodeModel(step.graph), evaluationModel: encodeModel(evaluation) },
    loop: () => {
      if (privacy) return undefined;
      const { graph, loss, next } = buildStep(module, optimiser, l2, sparse, false);
      return stepLoop(graph, { state, loss: loss.name, next: next.map((each) => each?.name ?? null) });
    },
  };
}
