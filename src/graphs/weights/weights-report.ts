import type { AddedWeights } from '../../io/weights-store/add-weights.ts';
import type { StoredWeights } from '../../io/weights-store/weights-store.ts';
import type { InspectedWeights } from './weight-names.ts';

/** The result of adding weights to the store. */
export interface WeightsReport extends StoredWeights, InspectedWeights {
  /** `same`: exactly this file was already there, and nothing was done. */
  readonly outcome: AddedWeights['outcome'];
}
