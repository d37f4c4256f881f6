/**
 * Principal component analysis in bounded memory. The entry point `reelflow/pca`.
 *
 * @module reelflow/pca
 */

export { fitExact } from '../models/pca/exact.ts';
export { type Pca, transform } from '../models/pca/fitted-pca.ts';
export { IncrementalPca } from '../models/pca/incremental.ts';
export type { MatMul, Operand } from '../models/pca/mat-mul.ts';
export { mergeMoments } from '../models/pca/merge-moments.ts';
export type { MomentValues } from '../models/pca/moments.ts';
export { Moments } from '../models/pca/moments.ts';
export { decodePca, type EncodedPca, encodePca } from '../models/pca/pca-file.ts';
export type { ProductPrecision } from '../models/pca/symmetric-operator.ts';
export type { SymmetricTiles } from '../models/pca/symmetric-tiles.ts';
