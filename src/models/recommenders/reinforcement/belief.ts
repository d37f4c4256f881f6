/**
 * What is known of a user's taste from the rewards so far: the ridge regression of them on
 * the vectors of their items, by recursive least squares. It begins at 0.
 */
export class Belief {
  /** The vector p of least sum of (r - p . v)^2 over the rewards + |p|^2. */
  readonly taste: Float64Array;
  /** Inverse of the sum of v v' + 1 on the diagonal, row by row. */
  readonly inverse: Float64Array;

  constructor(readonly width: number) {
    this.taste = new Float64Array(width);
    this.inverse = new Float64Array(width * width);
    for (let axis = 0; axis < width; axis++) this.inverse[axis * width + axis] = 1;
  }

  /** Takes the reward of the item whose vector begins at `start`. */
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
