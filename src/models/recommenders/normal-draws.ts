/** Fills an array with standard normal numbers (Box and Muller 1958). */
export function normalNumbers(into: Float32Array, uniform: () => number): Float32Array {
  for (let at = 0; at < into.length; at++) {
    into[at] = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  }
  return into;
}
