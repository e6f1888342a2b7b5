/** `kinegrad look`: pictures of what a two-stage lifter sees, and what it makes of it. */

import { join } from 'node:path';
import { renderSvg, writeFileAtomic } from '#platform';
import { type Gpu, openGpu } from '../../gpu/gpu.ts';
import { readWeights } from '../../models/weights.ts';
import { mpjpeOf } from '../../picture/people.ts';
import { type Picture, svgDocument } from '../../picture/svg.ts';
import { fewColours } from '../../platform/node/images.ts';
import type { AdapterKind } from '../../platform/types.ts';
import { parsed } from '../parsed.ts';
import { modelPath } from '../run_folder.ts';
import { attentionPicture } from './attention.ts';
import { attentionOf, insidesOf, type LoadedNetwork, liftPeople, loadNetwork } from './insides.ts';
import { onlyOne, type People, type PeopleFlags, peopleOf } from './people.ts';
import {
  channelsPicture,
  featuresPicture,
  type LiftedPoses,
  peoplePicture,
  poseOf,
} from './pictures.ts';

export interface LookFlags extends PeopleFlags {
  model: string[];
  out: string;
  adapter?: AdapterKind;
}

/** Draws the pictures of each model, and says what they show. */
export async function lookCommand(flags: LookFlags): Promise<string> {
  const gpu = await openGpu({ adapter: flags.adapter });
  try {
    const said: string[] = [];
    for (const model of flags.model) said.push(await lookInto(gpu, model, flags));
    return said.join('\n\n');
  } finally {
    gpu.close();
  }
}

async function lookInto(gpu: Gpu, model: string, flags: LookFlags): Promise<string> {
  const weights = await parsed(modelPath(model), readWeights);
  const loaded = await loadNetwork(gpu, weights);
  try {
    const people = await peopleOf(gpu, flags, weights, loaded.size);
    const { architecture } = loaded;
    const person = onlyOne(people, 0);
    const insides = await insidesOf(gpu, loaded, person);
    const attention = await attentionOf(gpu, loaded, person);
    const lifted = await liftedBoth(gpu, loaded, people);
    const pictures: Record<string, Picture> = {
      channels: await channelsPicture(architecture, person, insides),
      ...(insides.stages.length && { features: await featuresPicture(architecture, insides) }),
      ...(attention.length && {
        attention: await attentionPicture(person, insides, attention),
      }),
      people: await peoplePicture(architecture, people, lifted),
    };
    const files: string[] = [];
    for (const [name, picture] of Object.entries(pictures)) {
      const file = join(flags.out, `${architecture}-${name}.png`);
      await writeFileAtomic(file, await fewColours(await renderSvg(svgDocument(picture))));
      files.push(file);
    }
    return describe(model, insides, people, lifted, files);
  } finally {
    await loaded.release();
  }
}

/** Poses with the depth, where there is one, and without. */
async function liftedBoth(gpu: Gpu, loaded: LoadedNetwork, people: People): Promise<LiftedPoses[]> {
  const lift = async (by: string, depth: boolean) => ({
    by,
    poses: await liftPeople(gpu, loaded, people, { depth }),
  });
  const without = await lift('without depth', false);
  return people.hasDepth ? [await lift('with depth', true), without] : [without];
}

function describe(
  model: string,
  { picture, maps, stages }: Awaited<ReturnType<typeof insidesOf>>,
  { names, truth }: People,
  lifted: readonly LiftedPoses[],
  files: readonly string[],
): string {
  const sizes = [{ name: 'picture', ...picture }, { name: 'heatmaps', ...maps }, ...stages];
  const rows = sizes.map(({ name, shape }) => `${name.padEnd(22)} [${shape.join(', ')}]`);
  const errors = names.map((name, i) => {
    const each = lifted.map(({ by, poses }) => {
      const error = truth && mpjpeOf(poseOf(poses, i), poseOf(truth, i));
      return error === undefined ? by : `${by} ${error.toFixed(1)} mm`;
    });
    return `${name.padEnd(22)} ${each.join(', ')}`;
  });
  return [model, ...rows, ...errors, `written: ${files.join(', ')}`].join('\n');
}
