/** `kinegrad export`: the weights of a run as a file to ship. */

import { writeFileAtomic } from '#platform';
import { bytes } from '../gpu/faults.ts';
import { readWeights, writeWeights } from '../models/weights.ts';
import { networkOf } from './networks.ts';
import { parsed, text } from './parsed.ts';
import { modelPath } from './run_folder.ts';

export interface ExportFlags {
  model: string;
  out: string;
  f16?: boolean;
  notice?: string;
}

/**
 * Writes the weights of a run, with matrices in half precision if asked, and says how large they
 * are.
 */
export async function exportCommand({
  model,
  out,
  f16 = false,
  notice,
}: ExportFlags): Promise<string> {
  const weights = await parsed(modelPath(model), readWeights);
  const words = notice && (await text(notice)).trim();
  const header = { ...weights, ...(words && { notice: words }) };
  const file = await writeWeights(header, networkOf(weights), weights.values, { half: f16 });
  await writeFileAtomic(out, file);
  return `${out}: ${weights.architecture} ${JSON.stringify(weights.options)}, ${bytes(file.length)}`;
}
