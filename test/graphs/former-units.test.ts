import { copyFileSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prune } from '../../src/graphs/prune.ts';
import { LengthRun } from '../fixtures/length-run.ts';

describe('a renamed item', () => {
  const unitBytes = async (place: LengthRun, id: string) => {
    const { unit } = (await place.item(id)) ?? {};
    return readFileSync(join(place.out, '_units', unit?.slice(0, 2) ?? '', `${unit}.arrow`));
  };

  it('takes over the unit of the former one, with the bytes that computing it would have made', async () => {
    const place = new LengthRun();
    for (const name of ['alien', 'heat']) place.write(`films/${name}.mp4`, name);
    const inputs = [place.path('films')];
    await place.run({ inputs });
    renameSync(place.path('films/heat.mp4'), place.path('films/heat-1995.mp4'));
    expect(place.opened()).toEqual(['alien', 'heat']);
    expect((await place.run({ inputs })).renamed).toEqual([{ from: 'heat', to: 'heat-1995' }]);
    expect(place.opened()).toEqual([]);
    const scratch = new LengthRun();
    scratch.write('films/heat-1995.mp4', 'heat');
    await scratch.run({ inputs: [scratch.path('films')] });
    expect(scratch.opened()).toEqual(['heat-1995']);
    expect(await unitBytes(place, 'heat-1995')).toEqual(await unitBytes(scratch, 'heat-1995'));
    expect(await place.item('heat-1995')).toMatchObject({ state: 'committed', fps: 25, duration: 2 });
    // The former one may be taken out, and the new one stays.
    await prune(place.out);
    await place.run({ inputs });
    expect(place.opened()).toEqual([]);
    expect(await place.rows()).toEqual({ alien: 5, 'heat-1995': 4 });
  });

  it('takes it over when it comes back on a later night, or by another name twice', async () => {
    const place = new LengthRun();
    for (const name of ['alien', 'heat']) place.write(`films/${name}.mp4`, name);
    const inputs = [place.path('films')];
    await place.run({ inputs });
    renameSync(place.path('films/heat.mp4'), place.path('aside'));
    await place.run({ inputs });
    place.opened();
    copyFileSync(place.path('aside'), place.path('films/one.mp4'));
    copyFileSync(place.path('aside'), place.path('films/two.mp4'));
    await place.run({ inputs });
    expect(place.opened()).toEqual([]);
    expect(await place.rows()).toEqual({ alien: 5, heat: 4, one: 4, two: 4 });
  });

  it('is computed where the former unit is gone or damaged, or values may depend on the name', async () => {
    for (const spoil of [
      async (place: LengthRun) => rmSync(place.path('features/_units'), { recursive: true }),
      async (place: LengthRun) => {
        const { unit = '' } = (await place.item('heat')) ?? {};
        truncateSync(join(place.out, '_units', unit.slice(0, 2), `${unit}.arrow`), 100);
      },
      async () => 'inline' as const,
    ]) {
      const place = new LengthRun();
      place.write('films/heat.mp4', 'heat');
      const inputs = [place.path('films')];
      await place.run({ inputs });
      const kind = (await spoil(place)) ?? undefined;
      renameSync(place.path('films/heat.mp4'), place.path('films/heat-1995.mp4'));
      place.opened();
      await place.run({ inputs, kind, compact: kind === 'inline' });
      expect(place.opened()).toEqual(['heat-1995']);
      expect(await place.item('heat-1995')).toMatchObject({ state: 'committed' });
    }
  });

  it('is told dead or skipped again, since nothing was committed for it', async () => {
    const place = new LengthRun();
    place.write('films/heat.mp4', 'broken');
    place.write('films/napoleon.mp4', 'long'.repeat(300));
    const inputs = [place.path('films')];
    await place.run({ inputs });
    for (const name of ['heat', 'napoleon']) {
      renameSync(place.path(`films/${name}.mp4`), place.path(`films/${name}-2.mp4`));
    }
    await place.run({ inputs });
    expect(await place.states()).toMatchObject({ 'heat-2': 'dead truncated', 'napoleon-2': 'skipped too long' });
  });

  it.each(['one', 'two'])('takes over whichever of two equal ones is still there, here not %s', async (lost) => {
    const place = new LengthRun();
    for (const name of ['one', 'two']) place.write(`films/${name}.mp4`, 'same');
    const inputs = [place.path('films')];
    await place.run({ inputs });
    const { unit = '' } = (await place.item(lost)) ?? {};
    rmSync(join(place.out, '_units', unit.slice(0, 2), `${unit}.arrow`));
    rmSync(place.path('films/one.mp4'));
    renameSync(place.path('films/two.mp4'), place.path('films/three.mp4'));
    place.opened();
    const { renamed } = await place.run({ inputs });
    expect(place.opened()).toEqual([]);
    expect(renamed).toEqual([{ from: lost === 'one' ? 'two' : 'one', to: 'three' }]);
  });

  it('is told as renamed by the run that takes it over, also after one that was interrupted', async () => {
    const place = new LengthRun();
    for (const name of ['alien', 'heat']) place.write(`films/${name}.mp4`, name);
    const inputs = [place.path('films')];
    await place.run({ inputs });
    renameSync(place.path('films/heat.mp4'), place.path('films/z.mp4'));
    place.write('films/brazil.mp4', 'brazil!');
    await place.run({ inputs, drainAfter: 1 });
    expect((await place.run({ inputs })).renamed).toEqual([{ from: 'heat', to: 'z' }]);
  });
});
