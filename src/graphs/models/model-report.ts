import type { AddedModel } from '../../io/model-store/add-model.ts';
import type { StoredModel } from '../../io/model-store/model-store.ts';

/** What bringing weights into the store did. */
export interface ModelReport extends StoredModel {
  /** `same`: the very same file was there, and nothing was done. */
  readonly outcome: AddedModel['outcome'];
  /** The file's format, and how many tensors it has. */
  readonly format: string;
  readonly tensors: number;
}
