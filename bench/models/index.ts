/** The models that the bench can run whole steps of, by name. */

import { martinez } from './martinez.ts';
import type { Model } from './model.ts';
import { vitBlock } from './vit_block.ts';

export type { Model, ModelBuilder, ModelOptions, ModelStep } from './model.ts';

export const models: Readonly<Record<string, Model>> = { martinez, 'vit-block': vitBlock };

/** Models of the package's plan that are not built yet. */
const PLANNED = ['irb-se', 'wasp'];

/** @throws with the names there are, when there is none of this name */
export function modelNamed(name: string): Model {
  if (!Object.hasOwn(models, name)) {
    const missing = PLANNED.includes(name)
      ? `the model ${name} is not there yet`
      : `there is no model ${name}`;
    throw new Error(`${missing}. There are ${Object.keys(models).join(', ')}`);
  }
  return models[name]!;
}
