/**
 * three.js without what the page never draws with. Its sources are taken, not its bundle, so that
 * whole parts can be left out: `three/absent.ts` stands in for some, programs of other materials
 * become empty, branches of the rest that nothing defines go, and so do methods that nobody calls.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Plugin } from 'vite';
import { leanGlsl, UNDEFINED } from './three/glsl.ts';
import { uncalledMethods, withoutMethods } from './three/methods.ts';

const three = resolve(import.meta.dirname, '../node_modules/three/src');
const absent = resolve(import.meta.dirname, 'three/absent.ts');
const page = resolve(import.meta.dirname, 'src');

/** Modules that `three/absent.ts` stands in for. */
const STOOD_IN = [
  'extras/TextureUtils.js',
  'lights/DirectionalLightShadow.js',
  'renderers/shaders/DFGLUTData.js',
  'renderers/webgl/WebGLClipping.js',
  'renderers/webgl/WebGLEnvironments.js',
  'renderers/webgl/WebGLMorphtargets.js',
  'renderers/webgl/WebGLOutput.js',
  'renderers/webgl/WebGLShadowMap.js',
  'renderers/webgl/WebGLUniformsGroups.js',
  'renderers/webxr/WebXRManager.js',
].map((file) => join(three, file));

/** Programs of whole materials, and parts of theirs, that none of the page's materials takes. */
const IDLE =
  /^\t((?:meshphysical|meshphong|meshtoon|meshmatcap|meshnormal|points|sprite|shadow|depth|equirect|cube|background|backgroundCube|distance)_(?:vert|frag)|lights_(?:physical|phong|toon)_\w+|envmap_\w+|cube_uv_reflection_fragment|tonemapping_\w+|shadowm\w+|(?:alphahash|aomap|batching|bumpmap|clearcoat|displacementmap|dithering|emissivemap|fog|gradientmap|iridescence|lightmap|lightprobes|logdepthbuf|metalnessmap|normalmap|roughnessmap|skinning|transmission)_\w+|skin(?:base|normal)_vertex|morph\w+_vertex): [\w$.]+,?$/gm;

/** Entries of the table of programs that go with them. */
const TABLE =
  /^\t(?:phong|standard|toon|matcap|points|normal|sprite|equirect|distance|shadow|physical): \{\n[\s\S]*?^\t\},?\n|^ShaderLib\.physical = \{[\s\S]*?^\};\n/gm;

/** Flags of things that the page makes none of: whatever is asked for them, the answer is no. */
const NEVER =
  /\b[a-z]\w*(?:\.\w+)*\??\.is(?:(?:Video|Cube|Depth|Data|DataArray|Data3D|Compressed|CompressedArray|Framebuffer|Array|CubeDepth|External|HTML|RenderTarget)Texture|WebGL(?:Cube|3D|Array)RenderTarget|XRRenderTarget|(?:Array|Orthographic)Camera|(?:Skinned|Batched)Mesh|Sprite|Points|LOD|LineLoop|(?:(?:Raw)?Shader|MeshStandard|MeshPhysical|MeshPhong|MeshToon|MeshMatcap|MeshNormal|MeshDepth|MeshDistance|Points|Sprite|Shadow|Node)Material|(?:Hemisphere|Point|Spot|RectArea|Sun)Light|LightProbe|LightProbeGrid|Fog|FogExp2|InstancedBufferGeometry|InterleavedBufferAttribute|GLBufferAttribute|Float16BufferAttribute|UniformsGroup|ImmediateRenderObject)\b(?! = )/g;

/** Lines that begin a program with what it is built with. */
const DEFINE = /^\t+\(?[^?\n]+ \? '#define (\w+)[^\n]*,\n/gm;

/** Functions for textures in depth, targets to draw into, and what light goes through. */
const EMPTIED =
  /^((\t+)function (?:renderTransmissionPass|setTexture2DArray|setTexture3D|setTextureCube|updateRenderTargetMipmap|updateMultisampleRenderTarget|onRenderTargetDispose))\([\s\S]*?^\2\}$/gm;

const read = (file: string) =>
  readFileSync(file, 'utf8').replace(/\/\*(?!@__PURE__)[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');

/** A module of three.js in the page's words. */
function leanModule(file: string): string {
  const code = read(file);
  if (file.endsWith('.glsl.js'))
    return code.replace(/`([^`]*)`/g, (_, glsl) => `\`${leanGlsl(glsl)}\``);
  if (file.endsWith('/ShaderChunk.js')) return code.replace(IDLE, "\t$1: '',");
  if (file.endsWith('/ShaderLib.js')) return code.replace(TABLE, '');
  if (file.endsWith('/WebGLProgram.js'))
    return code.replace(DEFINE, (line, name) =>
      UNDEFINED.test(name) || (name.endsWith('_UV') && name !== 'MAP_UV') ? '' : line,
    );
  return code.replace(NEVER, 'false').replace(EMPTIED, '$1() {}');
}

const isThree = (id: string) => id.startsWith(three) && id.endsWith('.js');

/** All modules that a build takes in, from those that export what the page imports. */
function reached(names: ReadonlySet<string>): Map<string, string> {
  const modules = new Map<string, string>();
  const visit = (file: string) => {
    if (modules.has(file) || STOOD_IN.includes(file) || file.endsWith('.glsl.js')) return;
    const code = leanModule(file);
    modules.set(file, code);
    for (const [, from] of code.matchAll(/^(?:import|export) [^'`;]*from '(\.[^']+)'/gm))
      visit(resolve(dirname(file), from!));
  };
  for (const barrel of ['Three.js', 'Three.Core.js'])
    for (const [, list, from] of read(join(three, barrel)).matchAll(
      /^export (\*|\{[^}]*\}) from '([^']+)'/gm,
    ))
      if (list!.match(/\w+/g)?.some((name) => names.has(name))) visit(join(three, from!));
  return modules;
}

export function leanThree(): Plugin {
  let uncalled: ReadonlySet<string> = new Set();
  return {
    name: 'lean three.js',
    apply: 'build',
    enforce: 'pre',
    buildStart() {
      const pages = readdirSync(page, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => read(join(page, name)));
      const imported = pages.flatMap(
        (text) =>
          text
            .match(/import \{[^}]*\} from 'three'/g)
            ?.join()
            .match(/\w+/g) ?? [],
      );
      const modules = reached(new Set(imported));
      uncalled = uncalledMethods([...modules.values()], pages);
    },
    resolveId(source, importer) {
      if (source === 'three') return join(three, 'Three.js');
      if (!importer || !isThree(importer) || /Three(?:\.Core)?\.js$/.test(importer))
        return undefined;
      return STOOD_IN.includes(resolve(dirname(importer), source)) ? absent : undefined;
    },
    load: (id) => (isThree(id) ? withoutMethods(leanModule(id), uncalled) : undefined),
  };
}
