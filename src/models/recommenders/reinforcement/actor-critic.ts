import { checkInteger, checkPositive } from '../../../core/check.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import { add, affine } from '../../autodiff/operations/arithmetic.ts';
import { timesConstant } from '../../autodiff/operations/broadcast.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { meanSquaredError } from '../../autodiff/operations/losses.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import { checkShare } from '../history/checks.ts';
import type { Filled, HistoryNetwork, HistorySpace } from '../history/history-network.ts';
import { normalNumbers } from '../normal-draws.ts';
import { loggedTransitions, policyInputs } from './logged-environment.ts';
import { type PolicyItems, type PolicyOptions, policyDefaults, policyNetwork } from './policy-network.ts';
import {
  actionOf,
  followingWeights,
  learntWeights,
  type PolicyForm,
  type PolicyState,
  policyLayers,
  type Weights,
  withoutGradient,
} from './state-layers.ts';

/** Options of `ddpg` and `td3`; their defaults are `actorCriticDefaults`. */
export interface ActorCriticOptions extends PolicyOptions {
  /** How much a reward counts if it comes one step later. */
  readonly discount?: number | undefined;
  /** Share by which the targets move towards the weights in a step. */
  readonly tau?: number | undefined;
  /** Standard deviation of the exploration noise on the action. */
  readonly exploration?: number | undefined;
}

/** Values of the options that are left out. */
export const actorCriticDefaults = { ...policyDefaults, discount: 0.9, tau: 0.005, exploration: 0.3 };

/** What distinguishes one kind of actor-critic from another. */
export interface ActorCritic {
  readonly name: string;
  /** Number of critics; the target is the smallest of their values. */
  readonly critics: number;
  /** Steps of the critics for each step of the actor and the targets. */
  readonly delay: number;
  /** Deviation of the noise on the target's action, and its limit; 0: no noise. */
  readonly smoothing: number;
  readonly smoothingClip: number;
}

/**
 * An actor outputs, for the state of a user, a vector in the space of the items: the item whose
 * vector has the greatest product with it is recommended. Critics learn the discounted reward that
 * follows, from the target r + discount Q'(s', pi'(s')); the actor learns to please the first of
 * them. All of this is one step: the critics' squared error is the loss, and the actor's objective
 * is a penalty through which no gradient reaches a critic.
 */
export function actorCritic(
  kind: ActorCritic,
  options: Filled<ActorCriticOptions, keyof typeof actorCriticDefaults>,
  space: HistorySpace,
): HistoryNetwork {
  const discount = checkShare('discount', options.discount);
  const tau = checkPositive('tau', options.tau);
  const exploration = checkPositive('exploration', options.exploration, { zero: true });
  const transitions = checkInteger('transitions', options.transitions);
  return policyNetwork(options, space, {
    module: (form, items): TrainableModule => ({
      name: kind.name,
      build: (tape) => build(tape, kind, form, items, discount),
    }),
    learnt(histories, draws, buffers, environment) {
      const feeds = loggedTransitions(histories, environment, draws, buffers);
      const shape = [histories.length * transitions, environment.width];
      const noise = normalNumbers(buffers.reals((shape[0] as number) * environment.width), draws.uniform);
      const learns = draws.step % kind.delay === 0;
      const one = (value: number) => ({ data: buffers.reals(1).fill(value), shape: [1] });
      const smoothing = normalNumbers(buffers.reals(noise.length), draws.uniform).map((value) =>
        Math.max(-kind.smoothingClip, Math.min(kind.smoothingClip, kind.smoothing * value)),
      );
      return {
        ...feeds,
        [policyInputs.noise]: { data: noise.map((value) => exploration * value), shape },
        [policyInputs.smoothing]: { data: smoothing, shape },
        [policyInputs.tau]: one(draws.step === 0 ? 1 : learns ? tau : 0),
        [policyInputs.actor]: one(learns ? 1 : 0),
      };
    },
  });
}

function build(tape: Tape, kind: ActorCritic, form: PolicyForm, { table }: PolicyItems, discount: number) {
  const { graph } = tape;
  const { width } = form;
  const tau = tape.training ? graph.input(policyInputs.tau, [1]) : graph.real([0], [1]);
  const state = stateInputs(tape, form);
  const actor = learntWeights(tape, 'actor', form, 0, width);
  const critics = Array.from({ length: kind.critics }, (_, at) =>
    learntWeights(tape, `critic-${at + 1}`, form, width, 1),
  );
  const actorTarget = followingWeights(tape, 'target/actor', actor, tau);
  const criticTargets = critics.map((critic, at) => followingWeights(tape, `target/critic-${at + 1}`, critic, tau));
  const vectors = table(tape);
  const action = actionOf(tape, actor, state, form);
  const output = dense(
    tape,
    action,
    graph.emit('Transpose', [vectors], [width, vectors.shape[0] ?? 1], { perm: [1, 0] }),
  );
  if (!tape.training) return { output, loss: graph.real(0) };
  const taken = explore(tape, actor, state, form);
  const { reward, next } = answer(tape, taken, vectors, state, form);
  const target = targetOf(tape, kind, { actor: actorTarget, critics: criticTargets }, next, form);
  const goesOn = graph.input(policyInputs.goesOn, ['rows', 1]);
  const wanted = graph.add(reward, graph.multiply(graph.multiply(target, goesOn), graph.real(discount)));
  const losses = critics.map((critic) =>
    meanSquaredError(tape, policyLayers(tape, critic, state, form, taken), wanted),
  );
  const pleased = policyLayers(tape, withoutGradient(tape, critics[0] as Weights), state, form, action);
  const mean = tape.record([pleased], graph.emit('ReduceMean', [pleased], [], { keepdims: 0 }), (gradient) => {
    tape.add(pleased, () => {
      const rows = graph.cast(graph.emit('Size', [pleased], [], {}, 'int64'), 'real');
      const ones = graph.emit('Exp', [graph.subtract(pleased, pleased)], pleased.shape);
      return graph.multiply(ones, graph.divide(gradient, rows));
    });
  });
  const whether = graph.emit('Squeeze', [graph.input(policyInputs.actor, [1])], []);
  const penalty = timesConstant(tape, affine(tape, mean, -1), whether);
  return { output, loss: losses.reduce((sum, loss) => add(tape, sum, loss)), penalty };
}

/** The graph's inputs for the state. */
export function stateInputs({ graph }: Tape, { width, recent }: PolicyForm): PolicyState {
  return {
    taste: graph.input(policyInputs.taste, ['rows', width]),
    recent: graph.input(policyInputs.recent, ['rows', recent * width]),
  };
}

/** The action with noise, clipped to the cube of actions; no gradient passes. */
function explore(tape: Tape, actor: Weights, state: PolicyState, form: PolicyForm): Tensor {
  const action = actionOf(tape, withoutGradient(tape, actor), state, form);
  return clipped(tape, tape.graph.add(action, tape.graph.input(policyInputs.noise, ['rows', form.width])));
}

function clipped({ graph }: Tape, action: Tensor): Tensor {
  return graph.emit('Clip', [action, graph.real(-1), graph.real(1)], action.shape);
}

/** The user's answer to the candidate that fits an action best, and the state after it. */
function answer(
  { graph }: Tape,
  action: Tensor,
  vectors: Tensor,
  { taste, recent }: PolicyState,
  { width, recent: length }: PolicyForm,
): { readonly reward: Tensor; readonly next: PolicyState } {
  const candidates = graph.cast(graph.input(policyInputs.candidates, ['rows', 'candidates'], 'int32'), 'int64');
  const shape = ['rows', 'candidates'];
  const near = graph.emit('Gather', [vectors, candidates], [...shape, width], {}, 'real');
  const column = graph.emit('Unsqueeze', [action, graph.integers([2])], ['rows', width, 1]);
  const products = graph.emit(
    'Squeeze',
    [graph.emit('MatMul', [near, column], [...shape, 1]), graph.integers([2])],
    shape,
  );
  const open = graph.add(products, graph.input(policyInputs.away, shape));
  const best = graph.emit('ArgMax', [open], ['rows', 1], { axis: 1, keepdims: 1 }, 'int64');
  const reward = graph.emit('GatherElements', [graph.input(policyInputs.rewards, shape), best], ['rows', 1], {
    axis: 1,
  });
  const item = graph.emit('GatherElements', [candidates, best], ['rows', 1], { axis: 1 });
  const picked = graph.emit(
    'Squeeze',
    [graph.emit('Gather', [vectors, item], ['rows', 1, width], {}, 'real'), graph.integers([1])],
    ['rows', width],
  );
  const liked = graph.emit('Greater', [reward, graph.real(0)], ['rows', 1], {}, 'bool');
  const kept = graph.split(recent, 1, length > 1 ? [(length - 1) * width, width] : [width])[0] as Tensor;
  const longer = length > 1 ? graph.concat([picked, kept], 1, length * width) : picked;
  return {
    reward,
    next: {
      taste: learntTaste(graph, taste, picked, reward, width),
      recent: graph.emit('Where', [liked, longer, recent], recent.shape, {}, 'real'),
    },
  };
}

/** The belief after one more rating, as in `Belief.add`, in units of rewards. */
function learntTaste(graph: Tape['graph'], taste: Tensor, picked: Tensor, reward: Tensor, width: number): Tensor {
  const inverse = graph.input(policyInputs.inverse, ['rows', width, width]);
  const column = graph.emit('Unsqueeze', [picked, graph.integers([2])], ['rows', width, 1]);
  const gain = graph.emit(
    'Squeeze',
    [graph.emit('MatMul', [inverse, column], ['rows', width, 1]), graph.integers([2])],
    ['rows', width],
  );
  const sum = (of: Tensor) => graph.emit('ReduceSum', [of, graph.integers([1])], ['rows', 1], { keepdims: 1 });
  const spread = graph.add(sum(graph.multiply(gain, picked)), graph.real(1));
  const error = graph.subtract(reward, sum(graph.multiply(taste, picked)));
  return graph.add(taste, graph.multiply(gain, graph.divide(error, spread)));
}

/** The smallest value that the target critics give the target actor's action. No gradient. */
function targetOf(
  tape: Tape,
  kind: ActorCritic,
  { actor, critics }: { readonly actor: Weights; readonly critics: readonly Weights[] },
  next: PolicyState,
  form: PolicyForm,
): Tensor {
  const { graph } = tape;
  const planned = actionOf(tape, actor, next, form);
  const action =
    kind.smoothing > 0
      ? clipped(tape, graph.add(planned, graph.input(policyInputs.smoothing, ['rows', form.width])))
      : planned;
  const values = critics.map((critic) => policyLayers(tape, critic, next, form, action));
  return values.length === 1 ? (values[0] as Tensor) : graph.emit('Min', values, (values[0] as Tensor).shape);
}
