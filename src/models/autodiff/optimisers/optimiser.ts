import type { GraphEmitter, Tensor } from '../emitter.ts';

/** How weights are updated from their gradients. */
export interface Optimiser {
  readonly name: string;
  /**
   * Names of the values kept per weight from step to step, all zero before the first. New values
   * overwrite old ones, so `emit` must read each slot in only one node, and the slot's next value
   * must depend on that node.
   */
  readonly slots: readonly string[];
  /** Names of the numbers passed to each step. */
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
