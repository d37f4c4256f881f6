import { UsageError } from '../../core/errors.ts';
import { constant, elementTypes, type GraphValue, node, type OnnxGraph } from '../onnx/onnx-graph.ts';
import { type Dimension, GraphEmitter, type Tensor } from './emitter.ts';
import { loopNode } from './loop-node.ts';
import { add } from './operations/arithmetic.ts';
import type { Optimiser } from './optimisers/optimiser.ts';
import { layOut, type StateGroup } from './state.ts';
import { enter, gradientOf } from './state-groups.ts';
import { Tape } from './tape.ts';
import type { TrainableModule } from './training-plan.ts';
import { allOf, offsetsOf, unitsName } from './unit-feeds.ts';

/** How the gradients of a step are made private. */
export interface GradientPrivacy {
  /** Maximum length of the gradient of one unit (a user, a rating). */
  readonly clip: number;
  /** Standard deviation of the noise, in units of `clip`. */
  readonly noise: number;
  /** Expected number of units in a step, by which the sum of their gradients is divided. */
  readonly expected: number;
  /** The 32 secret bytes that noise and masks are derived from. */
  readonly key: Uint8Array;
}

/** Standard normal noise for a step, in the shape of a state tensor. */
export interface NoiseInput {
  readonly input: string;
  readonly shape: readonly number[];
  readonly length: number;
}

/**
 * One differentially private training step as a graph (Abadi et al. 2016, algorithm 1): the
 * gradient of each unit's own loss, over all weights together, clipped to the length `clip`; their
 * sum; plus noise with standard deviation `noise` x `clip` on every weight, touched or not; divided
 * by the expected number of units. L2, which does not depend on the data, is added after that. What
 * the optimiser does with the result costs no more privacy.
 *
 * A loop inside the graph takes the units one after another, so that a step holds the activations
 * and the gradient of only one unit at a time.
 *
 * @throws UsageError `no-privacy` for a module that keeps statistics of its batches.
 */
export function buildPrivateStep(
  module: TrainableModule,
  optimiser: Optimiser,
  l2: number,
  { clip, noise, expected }: Omit<GradientPrivacy, 'key'>,
) {
  const tape = new Tape({ training: true, sparse: false, isFrozen: module.isFrozen });
  const { loss, penalty } = module.build(tape);
  tape.backward(penalty ? add(tape, loss, penalty) : loss);
  const groups = layOut(tape.variables, optimiser);
  enter(tape, groups);
  const trained = groups.filter(({ value }) => value.kind === 'weight');
  checkStatistics(module.name, tape, groups);
  const body = bodyOf(tape, loss, trained, clip);
  const outer = new GraphEmitter('float32', 'private/');
  const summed = (group: StateGroup) => outer.input(summedName(group), group.value.shape);
  const scalars = optimiser.scalars.map((name) => outer.input(`optimiser/${name}`, [1]));
  const numbers = outer.input(unitsName, ['units'], 'int32');
  const count = outer.cast(outer.emit('Shape', [numbers], [1], {}, 'int64'), 'real');
  const units = outer.emit('Max', [count, outer.real([1], [1])], [1]);
  const lossSum = outer.input(summedLoss, []);
  const mean = outer.divide(lossSum, outer.emit('Squeeze', [units], []));
  const weights: Tensor[] = [];
  const next = groups.flatMap((group) => {
    const { value, slots } = group;
    // A step writes every value that the graph keeps.
    if (value.kind !== 'weight') return [outer.emit('Identity', [outer.input(value.input, value.shape)], value.shape)];
    const drawn = outer.multiply(outer.input(noiseName(group), value.shape), outer.real(noise * clip));
    const noisy = outer.divide(outer.add(summed(group), drawn), outer.real(expected));
    const weight = outer.input(value.input, value.shape);
    const decayed = l2 === 0 ? noisy : outer.add(noisy, decayOf(outer, group, weight, l2));
    const kept = slots.map((slot) => outer.input(slot.input, slot.shape));
    const updated = optimiser.emit(outer, weight, decayed, kept, scalars);
    weights.push(updated.weight);
    return [updated.weight, ...updated.slots];
  });
  const told = withWeights(outer, mean, weights);
  const built = outer.build([told, ...next.filter((each) => each !== null)]);
  const noises = trained.map((group): NoiseInput => {
    return { input: noiseName(group), shape: group.value.shape, length: group.value.length };
  });
  const fed = fedInto(body, groups);
  const masks = tape.masks.map((mask) => ({
    ...{ input: allOf(mask.input), shape: outside(mask.shape), rate: mask.rate },
    byUnit: { units: unitsName, rows: rowsAmong(fed, { name: mask.input, shape: mask.shape }) },
  }));
  return { groups, masks, noises, loss: told, next, graph: withLoop(built, body, trained, fed) };
}

const summedLoss = 'summed/loss';
const summedName = ({ value }: StateGroup): string => `summed/${value.input}`;
const noiseName = ({ value }: StateGroup): string => `noise/${value.input}`;

/** The same shape, with the rows of all units on its first axis. */
function outside(shape: readonly Dimension[]): readonly Dimension[] {
  return shape.map((size, axis) => (axis === 0 ? allOf(String(size)) : size));
}

function checkStatistics(name: string, tape: Tape, groups: readonly StateGroup[]): void {
  const kept = groups.filter(({ value }) => value.kind === 'statistic').flatMap(({ variables }) => variables);
  const updated = kept.find(({ tensor }) => tape.updateOf(tensor) !== tensor);
  if (updated === undefined) return;
  throw new UsageError(
    `${name} cannot be trained privately: '${updated.name}' is a mean over a batch's ratings, without noise`,
    { code: 'no-privacy', remedy: 'Leave out batch normalisation.' },
  );
}

/** Adds the clipped gradient of one unit to the sum. */
function bodyOf(tape: Tape, loss: Tensor, trained: readonly StateGroup[], clip: number): OnnxGraph {
  const { graph } = tape;
  const gradients = trained.map((group) => gradientOf(tape, group));
  const squares = gradients.map((gradient) => graph.emit('ReduceSumSquare', [gradient], [], { keepdims: 0 }));
  const square = squares.reduce((sum, each) => graph.add(sum, each));
  // A unit whose gradient is not a number, or too long for float32, counts as zeros: otherwise it
  // would end the training.
  const counts = isNumber(graph, square);
  const nothing = graph.real(0);
  const length = graph.emit('Max', [graph.emit('Sqrt', [square], []), graph.real(clip)], []);
  const factor = graph.divide(graph.real(clip), length);
  const sums = gradients.map((gradient, at) => {
    const group = trained[at] as StateGroup;
    const { input, shape } = group.value;
    const own = graph.emit('Where', [counts, graph.multiply(gradient, factor), nothing], shape, {}, 'real');
    return graph.add(graph.input(`sum/${input}`, shape), own);
  });
  const own = graph.emit('Where', [isNumber(graph, graph.emit('Abs', [loss], [])), loss, nothing], [], {}, 'real');
  return graph.build([graph.add(graph.input('sum/loss', []), own), ...sums]);
}

/** Whether a number of at least 0 is below the greatest of float32. */
function isNumber(graph: GraphEmitter, value: Tensor): Tensor {
  return graph.emit('Less', [value, graph.real(3.4e38)], [], {}, 'bool');
}

/** Adds 0, or NaN when a weight is no longer a number: units alone cannot end a training. */
function withWeights(outer: GraphEmitter, loss: Tensor, weights: readonly Tensor[]): Tensor {
  const sums = weights.map((weight) => outer.emit('ReduceSum', [weight], [], { keepdims: 0 }));
  return sums.reduce((sum, each) => outer.add(sum, outer.multiply(each, outer.real(0))), loss);
}

/** 2 `l2` times a group's kernels and embeddings, and 0 for its biases. */
function decayOf(outer: GraphEmitter, { variables, value }: StateGroup, weight: Tensor, l2: number): Tensor {
  if (value.shape === variables[0]?.shape)
    return outer.multiply(weight, outer.real(value.shape.length > 1 ? 2 * l2 : 0));
  const factors = variables.flatMap(({ shape }, at) => {
    const length = value.members[at]?.length as number;
    return new Array<number>(length).fill(shape.length > 1 ? 2 * l2 : 0);
  });
  return outer.multiply(weight, outer.real(factors, [value.length]));
}

/** The inputs of a unit's graph that are its own: feeds and masks. */
function fedInto(unit: OnnxGraph, groups: readonly StateGroup[]): GraphValue[] {
  const others = new Set(groups.map(({ value }) => value.input));
  return unit.inputs.filter(({ name }) => !name.startsWith('sum/') && !others.has(name));
}

/**
 * Which rows of a feed or mask are a unit's: the name of the offsets, or the number of rows that
 * each unit has. The rows of a mask are those of the first feed that shares its first axis.
 */
function rowsAmong(fed: readonly GraphValue[], value: Pick<GraphValue, 'name' | 'shape'>): string | number {
  if (!isMask(value)) return offsetsOf(value.name);
  const [rows] = value.shape ?? [];
  if (typeof rows === 'number') return rows;
  const like = fed.find((each) => !isMask(each) && each.shape?.[0] === value.shape?.[0]);
  if (like === undefined) throw new UsageError(`no feed has the axis '${value.shape?.[0]}' of '${value.name}'`);
  return offsetsOf(like.name);
}

const isMask = ({ name }: Pick<GraphValue, 'name'>): boolean => name.startsWith('mask/');

/** The step, preceded by the loop over its units. */
function withLoop(
  step: OnnxGraph,
  unit: OnnxGraph,
  trained: readonly StateGroup[],
  fed: readonly GraphValue[],
): OnnxGraph {
  const int64 = elementTypes.int64;
  const carried: GraphValue[] = [
    { name: 'sum/loss', elementType: elementTypes.float32, shape: [] },
    ...trained.map(({ value }) => ({
      name: `sum/${value.input}`,
      elementType: elementTypes.float32,
      shape: value.shape,
    })),
  ];
  const rows = (value: GraphValue): string | number => rowsAmong(fed, value);
  const parts = [...new Set(fed.map(rows))];
  const cut = parts.filter((part) => typeof part === 'string');
  const fixed = parts.filter((part) => typeof part === 'number');
  const body: OnnxGraph = {
    ...unit,
    inputs: [
      { name: 'unit/number', elementType: int64, shape: [] },
      { name: 'unit/goesOn', elementType: elementTypes.bool, shape: [] },
      ...carried,
    ],
    nodes: [
      node('Reshape', ['unit/number', 'unit/one'], ['unit/from']),
      node('Add', ['unit/from', 'unit/one'], ['unit/to']),
      ...cut.flatMap((name) => [
        node('Gather', [`long/${name}`, 'unit/from'], [`start/${name}`], { axis: 0 }),
        node('Gather', [`long/${name}`, 'unit/to'], [`end/${name}`], { axis: 0 }),
      ]),
      ...fixed.flatMap((count) => [
        node('Mul', ['unit/from', `unit/${count}`], [`start/${count}`]),
        node('Mul', ['unit/to', `unit/${count}`], [`end/${count}`]),
      ]),
      ...fed.map((value) =>
        node('Slice', [allOf(value.name), `start/${rows(value)}`, `end/${rows(value)}`, 'unit/first'], [value.name]),
      ),
      ...unit.nodes,
      node('Identity', ['unit/goesOn'], ['unit/going']),
    ],
    initializers: [
      ...unit.initializers,
      constant('unit/one', [1], BigInt64Array.of(1n)),
      constant('unit/first', [1], BigInt64Array.of(0n)),
      ...fixed.map((count) => constant(`unit/${count}`, [1], BigInt64Array.of(BigInt(count)))),
    ],
    outputs: [{ name: 'unit/going', elementType: elementTypes.bool, shape: [] }, ...unit.outputs],
  };
  const summed = [summedLoss, ...trained.map(summedName)];
  const zeros = trained.map((group) => `zeros/${group.value.input}`);
  const isSummed = new Set(summed);
  return {
    ...step,
    inputs: [
      ...step.inputs.filter(({ name }) => !isSummed.has(name)),
      ...fed.map((value) => ({ ...value, name: allOf(value.name), shape: outside(value.shape ?? []) })),
      ...cut.map((name) => ({ name, elementType: elementTypes.int32, shape: [`axis/${name}`] })),
    ],
    nodes: [
      ...cut.map((name) => node('Cast', [name], [`long/${name}`], { to: int64 })),
      node('Shape', [unitsName], ['long/units']),
      node('Squeeze', ['long/units'], ['unit/count']),
      ...trained.map((group, at) => node('ConstantOfShape', [`shape/${group.value.input}`], [zeros[at] as string])),
      loopNode(['unit/count', 'unit/true', 'unit/noLoss', ...zeros], summed, body),
      ...step.nodes,
    ],
    initializers: [
      ...step.initializers,
      { ...constant('unit/true', [], Uint8Array.of(1)), elementType: elementTypes.bool },
      constant('unit/noLoss', [], Float32Array.of(0)),
      ...trained.map(({ value }) =>
        constant(`shape/${value.input}`, [value.shape.length], BigInt64Array.from(value.shape, BigInt)),
      ),
    ],
  };
}
