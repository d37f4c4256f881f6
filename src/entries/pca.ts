/** Principal component analysis in bounded memory. The entry point `reelflow/pca`. */

export { fitExact } from '../models/pca/exact.ts';
export { IncrementalPca } from '../models/pca/incremental.ts';
export { mergeMoments } from '../models/pca/merge-moments.ts';
export { type PcaModel, transform } from '../models/pca/model.ts';
export { Moments } from '../models/pca/moments.ts';
export { decodePca, type EncodedPca, encodePca } from '../models/pca/pca-file.ts';
