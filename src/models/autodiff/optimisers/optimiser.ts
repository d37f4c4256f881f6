import type { GraphEmitter, Tensor } from '../emitter.ts';

/** How weights follow their gradients. */
export interface Optimiser {
  readonly name: string;
  /**
   * Names of the values kept per weight from step to step, all zero before the first. The next
   * values are written where the last ones are: `emit` must read each slot in one node only, which
   * its next value depends on.
   */
  readonly slots: readonly string[];
  /** Names of the numbers that each step is given. */
  readonly scalars: readonly string[];
  /** Those numbers for step `step` (the first is 1) at this learning rate. */
  scalarsAt(step: number, learningRate: number): readonly number[];
  /** Writes the update of one weight: its next value and the next values of its slots. */
  emit(
    graph: GraphEmitter,
    weight: Tensor,
    gradient: Tensor,
    slots: readonly Tensor[],
    scalars: readonly Tensor[],
  ): { readonly weight: Tensor; readonly slots: readonly Tensor[] };
}
