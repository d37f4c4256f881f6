import { describe, expect, it } from 'vitest';
import { extractionGraph } from '../../src/graphs/extraction.ts';
import { graphId } from '../../src/graphs/graph.ts';
import { fastForm } from '../../src/models/networks/fast-convolutions/rule.ts';
import { network } from '../../src/models/networks/network.ts';
import { temporaryFolder } from '../models/networks/helpers.ts';

const cacheDirectory = temporaryFolder();
const graphOf = (name: string, convolutions: 'fast' | 'direct') =>
  extractionGraph({ visual: network(name, { weights: 'random:1', cacheDirectory, convolutions }) });

describe("an extraction's id", () => {
  it('knows the form of the convolutions, and the direct form is what it was before there was a choice', () => {
    const [fast, direct] = [graphOf('alexnet', 'fast'), graphOf('alexnet', 'direct')];
    expect(graphId(fast)).not.toBe(graphId(direct));
    expect(fast.params).toMatchObject({ visual: { convolutions: fastForm } });
    expect(JSON.stringify(direct.params)).not.toContain('convolutions');
  });

  it('is one and the same where no convolution pays', () => {
    expect(graphId(graphOf('squeezenet1_1', 'fast'))).toBe(graphId(graphOf('squeezenet1_1', 'direct')));
  });
});
