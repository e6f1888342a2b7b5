import type { Random } from '../random.ts';
import { type Colour, hsv, type Material, type MaterialName, srgb } from './shapes.ts';

/** How a person looks: their flesh, hair and clothes. */
export interface Look {
  readonly female: boolean;
  /** Factor on the girth of the trunk, and of the limbs. */
  readonly trunk: number;
  readonly limbs: number;
  readonly hair: (typeof HAIR_STYLES)[number];
  readonly sleeves: 'none' | 'short' | 'long';
  readonly bottom: 'trousers' | 'shorts' | 'skirt';
  /** How wide clothes are: metres on the radius. */
  readonly loose: number;
  /** Whether socks show above the shoes. */
  readonly barefoot: boolean;
  readonly materials: Readonly<Partial<Record<MaterialName, Material>>>;
}

export const HAIR_STYLES = ['bald', 'short', 'full', 'long', 'tail', 'bun', 'cap'] as const;

const SKINS: readonly Colour[] = [
  srgb(246, 213, 190),
  srgb(236, 193, 165),
  srgb(224, 172, 138),
  srgb(205, 149, 113),
  srgb(176, 120, 84),
  srgb(141, 91, 62),
  srgb(106, 67, 46),
  srgb(76, 49, 36),
];

const HAIRS: readonly Colour[] = [
  srgb(28, 22, 20),
  srgb(46, 32, 25),
  srgb(72, 48, 33),
  srgb(110, 76, 48),
  srgb(176, 136, 84),
  srgb(214, 184, 132),
  srgb(134, 62, 32),
  srgb(150, 148, 146),
];

export const plain = (colour: Colour): Material => ({
  colour,
  pattern: 'plain',
  second: colour,
  scale: 1,
});

/** Draws how a person of a stature looks. */
export function sampleLook(random: Random, height: number): Look {
  const female = random.chance(height < 1.69 ? 0.8 : 0.2);
  const girth = Math.exp(random.truncatedNormal(0, 0.09, -0.16, 0.22));
  const hair = of(
    random,
    female
      ? (['full', 'long', 'long', 'tail', 'tail', 'bun', 'short', 'cap'] as const)
      : (['short', 'short', 'short', 'full', 'bald', 'cap', 'long'] as const),
  );
  const sleeves = of(random, ['none', 'short', 'short', 'short', 'long', 'long', 'long'] as const);
  const bottom = female
    ? of(random, ['trousers', 'trousers', 'shorts', 'skirt', 'skirt'] as const)
    : of(random, ['trousers', 'trousers', 'shorts'] as const);
  const skin = vary(random, of(random, SKINS), 0.06);
  const top = fabric(random);
  // a dress is of one cloth
  const lower = bottom === 'skirt' && random.chance(0.35) ? top : plain(trousers(random));
  const shoe = random.chance(0.5)
    ? hsv(random.uniform(), random.uniform(0, 0.7), random.uniform(0.2, 0.9))
    : grey(random, 0.05, 0.95);
  const mouth: Colour = [skin[0] * 0.75, skin[1] * 0.42, skin[2] * 0.42];
  return {
    female,
    trunk: girth * (1 + random.uniform(-0.03, 0.03)),
    limbs: girth ** 0.7,
    hair,
    sleeves,
    bottom,
    loose: random.uniform(0.002, 0.012),
    barefoot: random.chance(0.12),
    materials: {
      skin: { ...plain(skin), pattern: 'skin' },
      hair: { ...plain(of(random, HAIRS)), pattern: 'plain' },
      top,
      bottom: lower,
      shoes: { ...plain(shoe), pattern: 'step', second: grey(random, 0.1, 0.95) },
      eyes: plain(srgb(214, 208, 202)),
      iris: plain(of(random, [srgb(36, 24, 18), srgb(58, 38, 24), srgb(52, 74, 92)])),
      lips: plain(mouth),
      hat: plain(hsv(random.uniform(), random.uniform(0, 0.9), random.uniform(0.1, 0.9))),
      socks: plain(random.chance(0.5) ? grey(random, 0.7, 0.95) : grey(random, 0.05, 0.3)),
    },
  };
}

/** What shirts are made of. */
function fabric(random: Random): Material {
  const colour = cloth(random);
  if (!random.chance(0.4)) return plain(colour);
  const light = Math.max(...colour) > 0.35;
  const second = random.chance(0.5)
    ? grey(random, light ? 0.05 : 0.75, light ? 0.4 : 0.98)
    : cloth(random);
  return { colour, pattern: 'stripes', second, scale: random.uniform(0.02, 0.07) };
}

function cloth(random: Random): Colour {
  return random.chance(0.3)
    ? grey(random, 0.08, 0.97)
    : hsv(random.uniform(), random.uniform(0.2, 0.8), random.uniform(0.25, 0.9));
}

function trousers(random: Random): Colour {
  const kind = random.uniform();
  // denim, dark cloth, khaki, anything
  if (kind < 0.35)
    return hsv(random.uniform(0.57, 0.63), random.uniform(0.35, 0.65), random.uniform(0.22, 0.65));
  if (kind < 0.65) return grey(random, 0.07, 0.32);
  if (kind < 0.82)
    return hsv(random.uniform(0.08, 0.12), random.uniform(0.25, 0.45), random.uniform(0.45, 0.8));
  return cloth(random);
}

const grey = (random: Random, low: number, high: number): Colour =>
  hsv(random.uniform(), random.uniform(0, 0.08), random.uniform(low, high));

/** One of a list. */
export const of = <T>(random: Random, list: readonly T[]): T => list[random.int(list.length)]!;

/** The colour a little lighter or darker. */
export function vary(random: Random, [r, g, b]: Colour, deviation: number): Colour {
  const f = Math.exp(random.truncatedNormal(0, deviation, -3 * deviation, 3 * deviation));
  return [Math.min(1, r * f), Math.min(1, g * f), Math.min(1, b * f)];
}
