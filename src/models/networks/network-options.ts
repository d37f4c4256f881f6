import type { ConvolutionForm } from './fast-convolutions/form.ts';
import type { NamedOptions } from './network-entry.ts';
import type { KnownOrigin } from './weights-origin.ts';

/** How to find a network. */
export interface NetworkOptions extends NamedOptions {
  /**
   * Of a named network: `random:SEED`, or the path of a weight file with the tensor names of
   * torchvision (`.pth`, `.safetensors`, `.npz`, `.onnx`). Of a network card: path of an .onnx file
   * to use in place of the card's own, wherever it lies; `random:SEED` is left out of account then,
   * because a card's file is its weights.
   */
  readonly weights?: string | undefined;
  /** What `weightsFiles` says of the file of `weights`; by default the file's name. */
  readonly weightsOrigin?: KnownOrigin | undefined;
  /** Likewise of the file of `postprocess`. */
  readonly postprocessOrigin?: KnownOrigin | undefined;
  /** Where prepared networks are kept; else `REELFLOW_CACHE_DIR`, else the user's cache folder. */
  readonly cacheDirectory?: string | undefined;
  /**
   * `fast` (default): convolutions whose shape pays are computed with fewer products, about 1e-6 of
   * the greatest value from the direct form. `direct`: none is, as in datasets that were made
   * before there was a choice. See docs/networks.md.
   */
  readonly convolutions?: ConvolutionForm | undefined;
}
