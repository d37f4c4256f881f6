import type { ConvolutionForm } from './fast-convolutions/form.ts';
import type { NamedOptions } from './network-entry.ts';
import type { KnownOrigin } from './weights-origin.ts';

/** How to find a network. */
export interface NetworkOptions extends NamedOptions {
  /**
   * For a named network: `random:SEED`, or the path of a weight file with torchvision's tensor
   * names (`.pth`, `.safetensors`, `.npz`, `.onnx`). For a network card: path of an .onnx file to
   * use instead of the card's own, wherever it is; `random:SEED` is ignored then, because a card's
   * file is its weights.
   */
  readonly weights?: string | undefined;
  /** How `weightsFiles` describes the file of `weights`; by default the file's name. */
  readonly weightsOrigin?: KnownOrigin | undefined;
  /** Likewise of the file of `postprocess`. */
  readonly postprocessOrigin?: KnownOrigin | undefined;
  /** Where prepared networks are kept; else `REELFLOW_CACHE_DIR`, else the user's cache folder. */
  readonly cacheDirectory?: string | undefined;
  /**
   * `fast` (default): convolutions for whose shape it pays are computed with fewer products, about
   * 1e-6 of the largest value from the direct form. `direct`: none are, as in datasets made before
   * there was a choice. See docs/networks.md.
   */
  readonly convolutions?: ConvolutionForm | undefined;
}
