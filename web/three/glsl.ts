/** Programs of three.js without comments and without what lies behind conditions that never hold. */

/** What no material, light or camera of the page defines. */
export const UNDEFINED =
  /^(?:USE_(?:ALPHA\w*|ANISOTROPY\w*|AOMAP|BATCHING\w*|BUMPMAP|CLEARCOAT\w*|CLIP_DISTANCE|COLOR_ALPHA|DIFFUSE_ROUGHNESS\w*|DISPERSION|DISPLACEMENTMAP|EMISSIVEMAP|ENVMAP|FOG|GRADIENTMAP|INSTANCING_MORPH|IRIDESCENCE\w*|LIGHTMAP|LIGHT_PROBES|LOGARITHMIC_DEPTH_BUFFER|MATCAP|METALNESSMAP|MORPH\w+|NORMALMAP\w*|PACKED_NORMALMAP|POINTS_UV|RETROREFLECTION|REVERSED_DEPTH_BUFFER|ROUGHNESSMAP|SHADOWMAP|SHEEN\w*|SIZEATTENUATION|SKINNING|SPECULAR\w+|TANGENT|THICKNESSMAP|TRANSMISSION\w*|UV[123])|ENVMAP_\w+|FOG_EXP2|SHADOWMAP_\w+|ALPHA_TO_COVERAGE|DECODE_VIDEO_\w+|DITHERING|FLAT_SHADED|PREMULTIPLIED_ALPHA|TONE_MAPPING|PHONG|STANDARD|TOON|PHYSICAL|DISTANCE)$/;
/** What the page has none of. */
const NONE =
  /^NUM_(?:(?:SUN|SPOT|POINT|HEMI|RECT_AREA)_LIGHTS|\w+_SHADOWS|SPOT_LIGHT_\w+|LIGHT_PROBE_GRIDS|CLIPPING_PLANES)$/;

/** GLSL as the page's materials see it, for the same pictures. */
export function leanGlsl(glsl: string): string {
  const out: string[] = [];
  /** Of each #if that is open: whether its line was kept, whether a branch surely held, and now. */
  const open: { kept: boolean; held: boolean; dead: boolean }[] = [];
  const lines = glsl.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').split('\n');
  for (const line of lines.map((line) => line.trim())) {
    const [, word, condition = ''] = line.match(/^#\s*(if(?:n?def)?|elif|else|endif)\b(.*)$/) ?? [];
    const top = open.at(-1)!;
    if (word === undefined) {
      if (line !== '' && !open.some(({ dead }) => dead)) out.push(line);
    } else if (word === 'endif') {
      if (top.kept) out.push(line);
      open.pop();
    } else if (word.startsWith('if')) {
      const within = open.some(({ dead }) => dead);
      const holds = within ? undefined : judged(word, condition);
      const kept = !within && holds === undefined;
      if (kept) out.push(line);
      open.push({ kept, held: within || holds === true, dead: within || holds === false });
    } else if (top.held) {
      top.dead = true;
    } else {
      const holds = word === 'else' ? true : judged('if', condition);
      top.dead = holds === false;
      if (holds === true && top.kept) out.push('#else');
      if (holds === undefined) out.push(`#${top.kept ? 'elif' : 'if'}${condition}`);
      top.kept ||= holds === undefined;
      top.held = holds === true;
    }
  }
  return out.join('\n');
}

/** Whether a condition holds in every program of the page, or in none; undefined where it depends. */
function judged(word: string, condition: string): boolean | undefined {
  const whole =
    word === 'if' ? condition : `${word === 'ifdef' ? '' : '! '}defined(${condition.trim()})`;
  if (whole.includes('==')) return undefined;
  // What is not known is set to either: && and || only grow with their parts.
  if (truthOf(whole, 'T') === 'F') return false;
  return truthOf(whole, 'F') === 'T' ? true : undefined;
}

function truthOf(condition: string, unknown: 'T' | 'F'): string {
  const truth = (value: boolean) => (value ? 'T' : 'F');
  let text = condition
    .replace(/(!?)\s*defined\s*\(\s*(\w+)\s*\)/g, (_, not, name) =>
      UNDEFINED.test(name) ? truth(not === '!') : unknown,
    )
    .replace(/(\w+)\s*([<>])\s*(\w+)/g, (_, a, sign, b) => {
      const [x, y] = [a, b].map((side) => (NONE.test(side) ? 0 : Number(side))) as [number, number];
      if (sign === '<' ? y === 0 : x === 0) return 'F';
      return Number.isNaN(x + y) ? unknown : truth(sign === '<' ? x < y : x > y);
    })
    .replaceAll(/\s/g, '');
  for (let before = ''; before !== text; ) {
    before = text;
    text = text
      .replace(/\(([TF])\)/g, '$1')
      .replace(/([TF])&&([TF])/, (_, a, b) => truth(a === 'T' && b === 'T'))
      .replace(/(?<![&!])([TF])\|\|([TF])(?!&)/, (_, a, b) => truth(a === 'T' || b === 'T'));
  }
  if (!/^[TF]$/.test(text))
    throw new Error(`glsl: what does ${condition} say? It comes to ${text}`);
  return text;
}
