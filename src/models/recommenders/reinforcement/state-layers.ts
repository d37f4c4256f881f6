import type { Tensor } from '../../autodiff/emitter.ts';
import { filled, glorotUniform, type Initialiser } from '../../autodiff/initialisers.ts';
import { multiply } from '../../autodiff/operations/arithmetic.ts';
import { concat } from '../../autodiff/operations/concat.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { relu, tanh } from '../../autodiff/operations/elementwise.ts';
import { reshape, transpose } from '../../autodiff/operations/shapes.ts';
import type { Tape } from '../../autodiff/tape.ts';

/** A network's weights by name, shared by several passes. */
export type Weights = ReadonlyMap<string, Tensor>;

/** What a user is like and has liked lately. */
export interface PolicyState {
  /** [rows, width]. */
  readonly taste: Tensor;
  /** [rows, recent x width]. */
  readonly recent: Tensor;
}

/** The sizes of a policy's networks. */
export interface PolicyForm {
  readonly width: number;
  readonly recent: number;
  readonly hidden: number;
}

/** Shapes and initial values of a network from the state and `inputs` numbers to `outputs`. */
function shapesOf({ width, recent, hidden }: PolicyForm, inputs: number, outputs: number) {
  const first = 3 * width + inputs;
  const layers: [string, readonly number[], Initialiser][] = [['pool', [recent, 1], filled(1 / recent)]];
  for (const [name, from, to] of [
    ['dense-1', first, hidden],
    ['dense-2', hidden, hidden],
    ['output', hidden, outputs],
  ] as const) {
    layers.push([`${name}/kernel`, [from, to], glorotUniform], [`${name}/bias`, [to], filled(0)]);
  }
  return layers;
}

/** The learnt weights of a network. */
export function learntWeights(tape: Tape, name: string, form: PolicyForm, inputs: number, outputs: number): Weights {
  return new Map(
    shapesOf(form, inputs, outputs).map(([own, shape, first]) => [own, tape.weight(`${name}/${own}`, shape, first)]),
  );
}

/** The same weights, but no gradient reaches them. */
export function withoutGradient(tape: Tape, weights: Weights): Weights {
  return new Map([...weights].map(([name, weight]) => [name, tape.graph.emit('Identity', [weight], weight.shape)]));
}

/**
 * Weights that follow others: after each step they are `tau` times the others plus 1 - `tau` times
 * themselves. A `tau` of 1 in the first step makes them equal.
 */
export function followingWeights(tape: Tape, name: string, followed: Weights, tau: Tensor): Weights {
  const { graph } = tape;
  return new Map(
    [...followed].map(([own, weight]) => {
      const target = tape.statistic(`${name}/${own}`, weight.shape as readonly number[], filled(0));
      const gap = graph.subtract(graph.emit('Identity', [weight], weight.shape), target);
      tape.update(target, graph.add(target, graph.multiply(gap, tau)));
      return [own, target];
    }),
  );
}

/**
 * The state of Liu et al. (2018, "DRR-ave"): the user's vector, its product with the weighted mean
 * of the recently liked items, and that mean, [rows, 3 width]; then two layers with ReLU and the
 * output.
 *
 * @param action a further input, for a critic.
 */
export function policyLayers(
  tape: Tape,
  weights: Weights,
  { taste, recent }: PolicyState,
  form: PolicyForm,
  action?: Tensor,
): Tensor {
  const of = (name: string) => weights.get(name) as Tensor;
  const { width, recent: length } = form;
  const places = transpose(tape, reshape(tape, recent, ['rows', length, width]), [0, 2, 1]);
  const flat = reshape(tape, places, ['rows-of-all', length]);
  const none = tape.graph.real([0], [1]);
  const mean = reshape(tape, dense(tape, flat, of('pool'), none), ['rows', width]);
  const parts = [taste, multiply(tape, taste, mean), mean, ...(action ? [action] : [])];
  let x = concat(tape, parts);
  for (const layer of ['dense-1', 'dense-2']) {
    x = relu(tape, dense(tape, x, of(`${layer}/kernel`), of(`${layer}/bias`)));
  }
  return dense(tape, x, of('output/kernel'), of('output/bias'));
}

/** An actor's action: a vector in the space of the items, with numbers from -1 to 1. */
export function actionOf(tape: Tape, weights: Weights, state: PolicyState, form: PolicyForm): Tensor {
  return tanh(tape, policyLayers(tape, weights, state, form));
}
