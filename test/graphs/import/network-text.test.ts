import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { ItemStore } from '../../../src/io/dataset/item-store.ts';
import { writeJointNetwork } from '../../fixtures/joint-network.ts';
import { temporaryDirectory } from '../../io/dataset/fixtures.ts';
import { fileWith, imported } from './helpers.ts';

const texts = () =>
  fileWith(
    'plots.csv',
    [
      'id,plot',
      'a,Red red green',
      // Of 14 tokens, where the network reads 8: two parts, each of one colour.
      `b,${'blue '.repeat(6)}${'green '.repeat(6)}`,
      'c,"..."',
      '',
    ].join('\n'),
  );

function near(found: readonly number[] | undefined, expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  for (const [at, value] of expected.entries()) expect(found?.[at]).toBeCloseTo(value, 6);
}

it('texts become what a network makes of them, long ones in parts, and none is no text', async () => {
  const text = { file: await texts() };
  const card = writeJointNetwork(await temporaryDirectory());
  const { summary, content, out } = await imported([], { text, textNetwork: card });
  expect(summary.streams[0]).toMatchObject({ name: 'text', kind: 'dense', dimension: 3, items: 2 });
  near(content.a?.text, [2 / Math.sqrt(5), 1 / Math.sqrt(5), 0]);
  near(content.b?.text, [0, Math.SQRT1_2, Math.SQRT1_2]);
  expect(content.c).toBeUndefined();
  const store = await ItemStore.open(out);
  const recorded = JSON.parse(store.metadata.import as string) as { streams: { network?: string; sha256?: string }[] };
  await store.close();
  expect(recorded.streams[0]).toMatchObject({
    network: 'synthetic-joint',
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  const halves = await imported([], { text, textNetwork: card, textSubclips: 3 });
  near(halves.content.a?.text, [1, 0, 0, 1, 0, 0, 0, 1, 0]);
});

it('a network that reads texts alone needs no more than a name and its text half', async () => {
  const joint = writeJointNetwork(await temporaryDirectory());
  const { text } = JSON.parse(await readFile(joint, 'utf8')) as { text: object };
  const card = join(dirname(joint), 'sentences.json');
  await writeFile(card, JSON.stringify({ name: 'sentences', text: { ...text, output: 'own' } }));
  const { content } = await imported([], { text: { file: await texts() }, textNetwork: card });
  near(content.a?.text, [2 / Math.sqrt(5), 1 / Math.sqrt(5), 0]);
  for (const [wrong, message] of [
    [{ name: 'sentences', text, input: {} }, '`input` is not a field'],
    [{ name: 'sentences', text: { ...text, output: 'none' } }, "no output 'none'"],
  ] as const) {
    await writeFile(card, JSON.stringify(wrong));
    await expect(imported([], { text: { file: await texts() }, textNetwork: card })).rejects.toThrow(message);
  }
  const idle = imported([], { text: { file: await texts() }, textNetwork: card, textWords: 9 });
  await expect(idle).rejects.toMatchObject({ option: 'textWords' });
});
