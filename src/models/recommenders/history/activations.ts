import type { Tensor } from '../../autodiff/emitter.ts';
import { gelu, relu, selu, sigmoid, tanh } from '../../autodiff/operations/elementwise.ts';
import type { Tape } from '../../autodiff/tape.ts';

/** Functions between layers. */
export const activationNames = ['sigmoid', 'tanh', 'relu', 'selu', 'gelu', 'identity'] as const;

/** Name of a function between layers. */
export type ActivationName = (typeof activationNames)[number];

/** By name. */
export const activations: Readonly<Record<ActivationName, (tape: Tape, x: Tensor) => Tensor>> = {
  ...{ sigmoid, tanh, relu, selu, gelu },
  identity: (_tape, x) => x,
};
