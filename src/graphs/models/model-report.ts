import type { AddedModel } from '../../io/model-store/add-model.ts';
import type { StoredModel } from '../../io/model-store/model-store.ts';
import type { InspectedWeights } from './weight-names.ts';

/** What bringing weights into the store did. */
export interface ModelReport extends StoredModel, InspectedWeights {
  /** `same`: the very same file was there, and nothing was done. */
  readonly outcome: AddedModel['outcome'];
}
