import { Breather } from '../../core/breather.ts';

/** Rows that are computed together: each row that is read is used for all of them. */
const block = 4;

/** Called with the share that is done, 0 to 1; may throw to stop. */
export type WorkProgress = (done: number) => void;

/**
 * Inverts a symmetric positive definite matrix, float64[n x n], in place: A = L L' (Cholesky), M =
 * the inverse of L, and M' M. About n^3 / 2 multiplications, no second matrix; the event loop gets
 * its turn.
 */
export async function invertPositive(a: Float64Array, n: number, onProgress: WorkProgress = () => {}): Promise<void> {
  const breather = new Breather();
  let done = 0;
  const advance = async (work: number) => {
    done += work;
    if (!breather.isDue) return;
    onProgress(done / (0.5 * n ** 3));
    await breather.rest();
  };
  for (let row = 0; row < n; row++) {
    factorRow(a, n, row);
    await advance((row * row) / 2);
  }
  const rows = new Float64Array(block * n);
  for (let from = 0; from < n; from += block) {
    invertRows(a, n, from, Math.min(block, n - from), rows);
    await advance((block * from * from) / 2);
  }
  for (let from = 0; from < n; from += block) {
    multiplyRows(a, n, from, Math.min(block, n - from), rows);
    await advance(block * from * (n - from));
  }
  for (let row = 0; row < n; row++)
    for (let column = 0; column < row; column++) a[column * n + row] = a[row * n + column] as number;
  onProgress(1);
}

/** Row `i` of L in place of that of A: L_ij = (A_ij - sum over k < j of L_ik L_jk) / L_jj. */
function factorRow(a: Float64Array, n: number, i: number): void {
  const own = i * n;
  for (let j = 0; j < i; j++) {
    const other = j * n;
    a[own + j] = ((a[own + j] as number) - product(a, own, other, j)) / (a[other + j] as number);
  }
  a[own + i] = Math.sqrt((a[own + i] as number) - product(a, own, own, i));
}

function product(a: Float64Array, left: number, right: number, length: number): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  let at = 0;
  for (; at + 3 < length; at += 4) {
    s += (a[left + at] as number) * (a[right + at] as number);
    t += (a[left + at + 1] as number) * (a[right + at + 1] as number);
    u += (a[left + at + 2] as number) * (a[right + at + 2] as number);
    v += (a[left + at + 3] as number) * (a[right + at + 3] as number);
  }
  for (; at < length; at++) s += (a[left + at] as number) * (a[right + at] as number);
  return s + t + (u + v);
}

/**
 * Some rows of M in place of those of L: M_i = (unit row i - sum over k < i of L_ik M_k) / L_ii.
 */
function invertRows(a: Float64Array, n: number, from: number, count: number, rows: Float64Array): void {
  rows.fill(0);
  for (let k = 0; k < from; k++)
    addToRows(a, k * n, k + 1, rows, n, (row) => -(a[(from + row) * n + k] as number), count);
  for (let row = 0; row < count; row++) {
    const i = from + row;
    const into = rows.subarray(row * n, row * n + i + 1);
    for (let k = from; k < i; k++) {
      const factor = a[i * n + k] as number;
      const earlier = (k - from) * n;
      for (let at = 0; at <= k; at++) into[at] = (into[at] as number) - factor * (rows[earlier + at] as number);
    }
    into[i] = 1;
    const diagonal = a[i * n + i] as number;
    for (let at = 0; at <= i; at++) into[at] = (into[at] as number) / diagonal;
  }
  for (let row = 0; row < count; row++) a.set(rows.subarray(row * n, row * n + from + row + 1), (from + row) * n);
}

/** Some rows of M' M in place of those of M: P_ij = sum over k >= i of M_ki M_kj, j <= i. */
function multiplyRows(a: Float64Array, n: number, from: number, count: number, rows: Float64Array): void {
  rows.fill(0);
  for (let k = from; k < n; k++) {
    const length = Math.min(k + 1, from + count);
    addToRows(a, k * n, length, rows, n, (row) => (from + row <= k ? (a[k * n + from + row] as number) : 0), count);
  }
  for (let row = 0; row < count; row++) a.set(rows.subarray(row * n, row * n + from + row + 1), (from + row) * n);
}

/** Adds a row of the matrix to each of the block's rows, times a factor of its own. */
function addToRows(
  a: Float64Array,
  start: number,
  length: number,
  rows: Float64Array,
  n: number,
  factorOf: (row: number) => number,
  count: number,
): void {
  const first = factorOf(0);
  const second = count > 1 ? factorOf(1) : 0;
  const third = count > 2 ? factorOf(2) : 0;
  const fourth = count > 3 ? factorOf(3) : 0;
  const [m, o, p] = [n, 2 * n, 3 * n];
  for (let at = 0; at < length; at++) {
    const value = a[start + at] as number;
    rows[at] = (rows[at] as number) + first * value;
    rows[m + at] = (rows[m + at] as number) + second * value;
    rows[o + at] = (rows[o + at] as number) + third * value;
    rows[p + at] = (rows[p + at] as number) + fourth * value;
  }
}
