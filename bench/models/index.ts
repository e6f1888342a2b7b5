/** The models that the bench can run whole steps of, by name. */

import { cnn } from './cnn.ts';
import { irbSe } from './irb_se.ts';
import { martinez } from './martinez.ts';
import type { Model } from './model.ts';
import { vit } from './vit.ts';
import { vitBlock } from './vit_block.ts';
import { wasp } from './wasp.ts';

export type { Model, ModelBuilder, ModelOptions, ModelStep } from './model.ts';

export const models: Readonly<Record<string, Model>> = {
  martinez,
  'irb-se': irbSe,
  wasp,
  cnn,
  vit,
  'vit-block': vitBlock,
};

/** @throws with the names there are, when there is none of this name */
export function modelNamed(name: string): Model {
  if (!Object.hasOwn(models, name))
    throw new Error(`there is no model ${name}. There are ${Object.keys(models).join(', ')}`);
  return models[name]!;
}
