/**
 * What is known about a user's taste from the rewards so far: their ridge regression on the vectors
 * of the items, by recursive least squares. It starts at 0.
 */
export class Belief {
  /** The vector p that minimises the sum of (r - p . v)^2 over the rewards, plus |p|^2. */
  readonly taste: Float64Array;
  /** The inverse of the sum of v v' plus the identity, row by row. */
  readonly inverse: Float64Array;

  constructor(readonly width: number) {
    this.taste = new Float64Array(width);
    this.inverse = new Float64Array(width * width);
    for (let axis = 0; axis < width; axis++) this.inverse[axis * width + axis] = 1;
  }

  /** Adds the reward of the item whose vector begins at `start`. */
  add(vectors: ArrayLike<number>, start: number, reward: number): void {
    const { width, taste, inverse } = this;
    const gain = new Float64Array(width);
    let [expected, spread] = [0, 1];
    for (let row = 0; row < width; row++) {
      let sum = 0;
      for (let column = 0; column < width; column++) {
        sum += (inverse[row * width + column] as number) * (vectors[start + column] as number);
      }
      gain[row] = sum;
      expected += (taste[row] as number) * (vectors[start + row] as number);
      spread += sum * (vectors[start + row] as number);
    }
    for (let row = 0; row < width; row++) {
      const step = (gain[row] as number) / spread;
      taste[row] = (taste[row] as number) + step * (reward - expected);
      for (let column = 0; column < width; column++) {
        const at = row * width + column;
        inverse[at] = (inverse[at] as number) - step * (gain[column] as number);
      }
    }
  }
}
