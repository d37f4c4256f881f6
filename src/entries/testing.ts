/**
 * Tests of dataflows and operators of your own: fake frames and patches, virtual time. The entry
 * point `reelflow/testing`.
 *
 * @module reelflow/testing
 */

export {
  type FakeFrameOptions,
  type FakePatchOptions,
  fakeFrame,
  fakePatch,
  type Picture,
} from '../graphs/testing/fake-elements.ts';
export { passTime } from '../graphs/testing/pass-time.ts';
export { type ColumnsRun, type RunColumnsOptions, runColumns } from '../graphs/testing/run-columns.ts';
