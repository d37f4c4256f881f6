import { constant, elementTypes, type GraphValue, node, type OnnxGraph } from '../onnx/onnx-graph.ts';
import { encodeModel } from '../onnx/write.ts';
import { loopNode } from './loop-node.ts';
import type { TrainingPlan } from './training-plan.ts';

/** An input that is divided among the steps of a loop along its first axis. */
export interface SteppedInput {
  readonly input: string;
  /** The first axis: inputs that share it have pieces of the same lengths. */
  readonly axis: string;
}

/**
 * Several training steps in one run, as an ONNX model: the state enters once, is carried from step
 * to step on the device, and leaves once. Every other input has the values of all steps, one after
 * another (`all/NAME`), with the boundaries between steps (`offsets/AXIS`, int64 [steps + 1]). The
 * outputs are the losses of the steps (`losses`) and the state (`final/NAME`).
 */
export interface StepLoop {
  readonly model: Uint8Array;
  readonly inputs: readonly SteppedInput[];
}

/**
 * The loop around a training step.
 *
 * @param graph - of one step of the plan.
 * @returns undefined for a plan with tables outside the graph, whose rows are exchanged between
 * steps.
 */
export function stepLoop(graph: OnnxGraph, plan: Pick<TrainingPlan, 'state' | 'next' | 'loss'>): StepLoop | undefined {
  const { state, next } = plan;
  if (state.some(({ lookedUpBy }) => lookedUpBy !== undefined)) return undefined;
  const names = new Set(state.map(({ input }) => input));
  const stepped = graph.inputs.filter(({ name }) => !names.has(name));
  const axisOf = ({ shape }: GraphValue) => String(shape?.[0]);
  const inputs = stepped.map((value) => ({ input: value.name, axis: axisOf(value) }));
  const axes = [...new Set(inputs.map(({ axis }) => axis))];
  const int64 = elementTypes.int64;
  const carried = state.map(({ input, shape }) => ({ name: input, elementType: elementTypes.float32, shape }));
  const body: OnnxGraph = {
    ...graph,
    inputs: [
      { name: 'loop/step', elementType: int64, shape: [] },
      { name: 'loop/goesOn', elementType: elementTypes.bool, shape: [] },
      ...carried,
    ],
    nodes: [
      node('Reshape', ['loop/step', 'loop/one'], ['loop/from']),
      node('Add', ['loop/from', 'loop/one'], ['loop/to']),
      ...axes.flatMap((axis) => [
        node('Gather', [`offsets/${axis}`, 'loop/from'], [`start/${axis}`], { axis: 0 }),
        node('Gather', [`offsets/${axis}`, 'loop/to'], [`end/${axis}`], { axis: 0 }),
      ]),
      ...inputs.map(({ input, axis }) =>
        node('Slice', [`all/${input}`, `start/${axis}`, `end/${axis}`, 'loop/first'], [input]),
      ),
      ...graph.nodes,
      node('Identity', ['loop/goesOn'], ['loop/going']),
      // A value that a step does not change would otherwise be both input and output.
      ...next.map((name, index) => node('Identity', [name ?? (state[index]?.input as string)], [`next/${index}`])),
    ],
    initializers: [
      ...graph.initializers,
      constant('loop/one', [1], BigInt64Array.of(1n)),
      constant('loop/first', [1], BigInt64Array.of(0n)),
    ],
    outputs: [
      { name: 'loop/going', elementType: elementTypes.bool, shape: [] },
      ...carried.map((value, index) => ({ ...value, name: `next/${index}` })),
      { name: plan.loss, elementType: elementTypes.float32, shape: [] },
    ],
  };
  const outer: OnnxGraph = {
    ...graph,
    inputs: [
      { name: 'loop/steps', elementType: int64, shape: [] },
      { name: 'loop/true', elementType: elementTypes.bool, shape: [] },
      ...carried,
      ...stepped.map((value) => ({
        ...value,
        name: `all/${value.name}`,
        shape: [`all/${axisOf(value)}`, ...(value.shape ?? []).slice(1)],
      })),
      ...axes.map((axis) => ({ name: `offsets/${axis}`, elementType: int64, shape: ['offsets'] })),
    ],
    nodes: [
      loopNode(
        ['loop/steps', 'loop/true', ...state.map(({ input }) => input)],
        [...state.map(({ input }) => `final/${input}`), 'losses'],
        body,
      ),
    ],
    initializers: [],
    outputs: [
      ...carried.map((value) => ({ ...value, name: `final/${value.name}` })),
      { name: 'losses', elementType: elementTypes.float32, shape: ['steps'] },
    ],
  };
  return { model: encodeModel(outer), inputs };
}
