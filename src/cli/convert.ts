/** `kinegrad convert`: weights that others have published, for networks of ours. */

import { writeFileAtomic } from '#platform';
import { readSafetensors } from '../formats/safetensors.ts';
import { bytes } from '../gpu/faults.ts';
import { initialValuesOf } from '../graph/store.ts';
import { timmWeights } from '../models/timm.ts';
import { vit } from '../models/vit.ts';
import { writeWeights } from '../models/weights.ts';
import { parsed, text } from './parsed.ts';

export interface ConvertFlags {
  timm: string;
  out: string;
  size?: number;
  heads?: number;
  root?: string;
  seed?: number;
  f16?: boolean;
  notice?: string;
}

/** Heads of the encoder blocks after the fusion, where they divide the width. */
const ENCODER_HEADS = 16;

/**
 * Writes the weights of a transformer lifter whose image half is a vision transformer of timm; the
 * rest is as it is before any training. Says what was changed and left out.
 */
export async function convertCommand({
  timm,
  out,
  size,
  heads,
  root = 'relative',
  seed = 0,
  f16 = false,
  notice,
}: ConvertFlags): Promise<string> {
  if (root !== 'relative' && root !== 'absolute')
    throw new Error(`convert: the root is relative or absolute, not ${root}`);
  const { options, values, notes } = await parsed(timm, (file) =>
    timmWeights(readSafetensors(file), { size, heads }),
  );
  const divides = options.width % ENCODER_HEADS === 0;
  const all = { ...options, encoderHeads: divides ? ENCODER_HEADS : options.heads, root } as const;
  const network = vit(all);
  const words = notice && (await text(notice)).trim();
  const file = await writeWeights(
    {
      architecture: vit.architecture,
      options: all,
      training: { image: timm.split(/[\\/]/).at(-1), notes, seed },
      ...(words && { notice: words }),
    },
    network,
    new Map([...(await initialValuesOf(network.parameters, seed)), ...values]),
    { half: f16 },
  );
  await writeFileAtomic(out, file);
  const known = network.parameters.variables.filter(({ name }) => values.has(name));
  return [
    `${out}: vit ${JSON.stringify(all)}, ${bytes(file.length)}`,
    `${known.length} of ${network.parameters.variables.length} tensors are those of ${timm}; the others begin anew`,
    ...notes.map((note) => `- ${note}`),
  ].join('\n');
}
