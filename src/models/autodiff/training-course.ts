import { checkInteger, checkPositive } from '../../core/check.ts';
import { EarlyStopping } from './early-stopping.ts';
import { Plateau } from './plateau.ts';
import type { TrainerOptions } from './trainer-options.ts';

/** What decides how long a module is trained, and at which rates, before it begins. */
export interface TrainingCourse {
  readonly seed: number;
  readonly l2: number;
  readonly epochs: number;
  readonly stopping: EarlyStopping;
  readonly plateau: Plateau;
}

/** Checks options and fills in their defaults. @throws UsageError when one is out of range. */
export function trainingCourse(options: TrainerOptions): TrainingCourse {
  if (options.checkpoint?.everySteps !== undefined) checkInteger('everySteps', options.checkpoint.everySteps);
  return {
    seed: checkInteger('seed', options.seed ?? 1, 0, 0xffffffff),
    l2: checkPositive('l2', options.l2 ?? 1e-5, { zero: true }),
    epochs: checkInteger('epochs', options.epochs ?? 100),
    stopping: new EarlyStopping(options.patience ?? 5, options.patienceSteps ?? 500),
    plateau: new Plateau(options.learningRate ?? 0.001, options.plateau || undefined),
  };
}
