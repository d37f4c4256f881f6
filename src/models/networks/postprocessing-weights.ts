import { ModelError } from '../../core/errors.ts';
import type { WeightFile } from '../weights/weight-file.ts';

/** Tensors of VGGish's post-processing by the names of its release; means come as a row, a column or a vector. */
const wanted = { pca_eigen_vectors: [128, 128], pca_means: [128] } as const;

/**
 * Asserts that a file holds the parameters of VGGish's post-processing: `pca_eigen_vectors` [128, 128] and `pca_means` of 128 values.
 *
 * @throws ModelError `weights` saying what the file has instead.
 */
export function checkPostprocessing(file: WeightFile): void {
  for (const [name, shape] of Object.entries(wanted)) {
    const tensor = file.tensors.get(name);
    const axes = name === 'pca_means' ? tensor?.shape.filter((size) => size !== 1) : tensor?.shape;
    if (axes?.length === shape.length && axes.every((size, axis) => size === shape[axis])) continue;
    const has = tensor
      ? `has it as [${tensor.shape.join(', ')}]`
      : `has ${[...file.tensors.keys()].slice(0, 12).join(', ') || 'no tensors'}`;
    throw new ModelError(
      'weights',
      `${file.path} has not the parameters of VGGish's post-processing: ${name} [${shape.join(', ')}] is needed, but it ${has}`,
      { remedy: 'Give vggish_pca_params.npz of the VGGish release, or vggish_pca_params-970ea276.pth of torchvggish.' },
    );
  }
}
