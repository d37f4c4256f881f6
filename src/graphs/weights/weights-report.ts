import type { AddedWeights } from '../../io/weights-store/add-weights.ts';
import type { StoredWeights } from '../../io/weights-store/weights-store.ts';
import type { InspectedWeights } from './weight-names.ts';

/** What bringing weights into the store did. */
export interface WeightsReport extends StoredWeights, InspectedWeights {
  /** `same`: the very same file was there, and nothing was done. */
  readonly outcome: AddedWeights['outcome'];
}
