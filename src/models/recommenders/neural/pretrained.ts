import { ModelError } from '../../../core/errors.ts';
import { elementCount } from '../../autodiff/emitter.ts';
import { Tape } from '../../autodiff/tape.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';

/** Weights by name, as `NeuralRecommender.weights()` gives them. */
export type WeightsByName = ReadonlyMap<string, Float32Array>;

/** Trained weights for the branches of `dcf-av-2` (or `dcf-av-1`, for the collaborative one). */
export interface PretrainedBranches {
  /** Weights of a `deepcf`, of which those named `collaborative/...` are used. */
  readonly collaborative?: WeightsByName | undefined;
  /** Weights of an `lstm-av`, of which those named `content/...` are used. */
  readonly content?: WeightsByName | undefined;
}

/**
 * The weights that a module starts from: every one of a pretrained branch, by name.
 *
 * @throws ModelError `weights` when one of a branch is missing, `shape` when one has another number
 * of values.
 */
export function pretrainedWeights(module: TrainableModule, branches: PretrainedBranches): Map<string, Float32Array> {
  const tape = new Tape({ training: false });
  module.build(tape);
  const taken = new Map<string, Float32Array>();
  for (const branch of ['collaborative', 'content'] as const) {
    const given = branches[branch];
    if (!given) continue;
    const wanted = tape.variables.filter(({ name }) => name.startsWith(`${branch}/`));
    if (wanted.length === 0) throw new ModelError('weights', `${module.name} has no branch '${branch}' to start from`);
    for (const { name, shape } of wanted) {
      const values = given.get(name);
      if (!values) {
        throw new ModelError('weights', `the pretrained ${branch} branch has no weights '${name}'`, {
          remedy: 'Train the branch with the same widths, join point and modalities.',
        });
      }
      if (values.length !== elementCount(shape)) {
        throw new ModelError('shape', `weights '${name}' must have shape [${shape}], but has ${values.length} values`, {
          remedy: 'Train the branch with the same widths, join point and modalities, users and items.',
        });
      }
      taken.set(name, values);
    }
  }
  return taken;
}
