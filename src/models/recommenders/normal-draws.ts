import { normal, type Uniform } from '../autodiff/initialisers.ts';

/** Fills an array with standard normal numbers. */
export function normalNumbers(into: Float32Array, uniform: Uniform): Float32Array {
  for (let at = 0; at < into.length; at++) into[at] = normal(uniform);
  return into;
}
