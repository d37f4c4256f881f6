import { ModelError } from '../../errors.ts';
import { storedModel } from '../../io/model-store/model-store.ts';
import { postprocessingName } from './weight-names.ts';

/**
 * The file of VGGish's post-processing parameters: the option itself, or, where it is `vggish-pca`, the file of that name in the model store.
 *
 * @throws ModelError `weights` when none is stored.
 */
export function postprocessingFile<Option extends string | boolean>(option: Option): Option | string {
  if (option !== postprocessingName) return option;
  const stored = storedModel(postprocessingName);
  if (stored) return stored.path;
  throw new ModelError(
    'weights',
    `no parameters of VGGish's post-processing are stored under '${postprocessingName}'`,
    {
      remedy: `Bring them in: \`reelflow models pull ${postprocessingName}\`, or \`reelflow models import ${postprocessingName} FILE\`.`,
    },
  );
}
