/**
 * What stands in the place of parts of three.js that the page never reaches: pictures of
 * environments, shadows, morphs, headsets, effects. Whatever asks for one of them hears so.
 */

const absent = (what: string) => (): never => {
  throw new Error(`three.js is built without ${what} here: see lean_three.ts`);
};

/** Light of surroundings: a background that is a colour needs none. */
export class WebGLEnvironments {
  get<T>(background: T): T {
    return background;
  }
  dispose() {}
}

/** Shadow maps: none is cast; those on the ground are flattened bones. */
export class WebGLShadowMap {
  enabled = false;
  render() {}
}

/** A light's shadow map, which it owns whether or not it casts one. */
export class DirectionalLightShadow {
  dispose() {}
}

export class WebGLMorphtargets {
  update = absent('morphs');
}

export class WebGLUniformsGroups {
  update = absent('groups of uniforms');
  bind = absent('groups of uniforms');
  dispose() {}
}

/** Rendering into another buffer first, for effects. */
export class WebGLOutput {
  constructor() {
    absent('effects')();
  }
}

/** Headsets: none is presenting. */
export class WebXRManager {
  enabled = false;
  isPresenting = false;
  addEventListener() {}
  removeEventListener() {}
  setAnimationLoop() {}
  getEnvironmentBlendMode() {}
  dispose() {}
}

/** Planes that cut what is drawn. */
export class WebGLClipping {
  uniform = { value: null, needsUpdate: false };
  numPlanes = 0;
  numIntersection = 0;
  init = () => false;
}

/** A table that every material is handed, and only those of metal and gloss would read. */
export const getDFGLUT = () => null;
export const getByteLength = absent('textures of layers');
