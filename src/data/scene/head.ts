import type { Build } from '../body/build.ts';
import type { Put } from './figure.ts';
import type { Look } from './look.ts';

/**
 * Neck, head, face and hair. The head's frame has its origin where it turns; nose, eyes and ears lie
 * where `landmarks.ts` has them.
 */
export function headCones(put: Put, build: Build, { hair, female }: Look): void {
  const h = build.height;
  const u = build.headUnit;
  const neck = (female ? 0.029 : 0.034) * h;
  put(
    'chest',
    'skin',
    [0, build.upperTrunk - 0.02 * h, -0.006 * h],
    neck * 1.08,
    [0, 0.03 * u, -0.006 * u],
    neck,
    { to: 'head' },
  );
  const head = (
    material: Parameters<Put>[1],
    from: readonly [number, number, number],
    ra: number,
    to: readonly [number, number, number],
    rb: number,
    flat?: readonly ['x' | 'y' | 'z', number],
  ) => put('head', material, times(u, from), ra * u, times(u, to), rb * u, flat && { flat });
  // skull, and the face down to the chin
  head('skin', [0, 0.066, -0.014], 0.0465, [0, 0.066, 0.0035], 0.0465, ['x', 1.08]);
  head('skin', [0, 0.052, 0.012], 0.0375, [0, 0.0075, 0.0245], 0.0215, ['x', 1.04]);
  head('skin', [0, 0.056, 0.0485], 0.0055, [0, 0.0385, 0.0545], 0.0085);
  head('lips', [0.011, 0.0145, 0.0425], 0.0042, [-0.011, 0.0145, 0.0425], 0.0042, ['y', 1.15]);
  for (const x of [1, -1]) {
    head('skin', [0.0425 * x, 0.058, -0.006], 0.0145, [0.041 * x, 0.045, -0.003], 0.0095, [
      'x',
      2.4,
    ]);
    head('eyes', [0.0185 * x, 0.0605, 0.0409], 0.0084, [0.0175 * x, 0.0605, 0.0411], 0.0078, [
      'y',
      1.5,
    ]);
    head('iris', [0.018 * x, 0.0605, 0.0458], 0.0047, [0.018 * x, 0.061, 0.0457], 0.0045);
    if (hair !== 'bald')
      head('hair', [0.0095 * x, 0.0715, 0.0475], 0.0028, [0.028 * x, 0.0715, 0.0415], 0.0022);
  }
  hairCones(head, hair);
}

type HeadPut = (
  material: 'hair' | 'hat',
  from: readonly [number, number, number],
  ra: number,
  to: readonly [number, number, number],
  rb: number,
  flat?: readonly ['x' | 'y' | 'z', number],
) => void;

function hairCones(head: HeadPut, style: Look['hair']): void {
  if (style === 'bald') return;
  if (style === 'cap') {
    head('hair', [0, 0.058, -0.018], 0.046, [0, 0.06, -0.012], 0.046, ['x', 1.04]);
    head('hat', [0, 0.085, -0.014], 0.047, [0, 0.083, 0.004], 0.0465, ['x', 1.02]);
    // its peak
    head('hat', [0, 0.086, 0.03], 0.036, [0, 0.081, 0.062], 0.03, ['y', 6]);
    return;
  }
  const full = style === 'short' ? 0 : 0.0025;
  head('hair', [0, 0.071, -0.019], 0.0485 + full, [0, 0.0775, -0.0035], 0.0475 + full, ['x', 1.05]);
  if (style === 'full') head('hair', [0, 0.062, -0.022], 0.05, [0, 0.035, -0.024], 0.04);
  if (style === 'long') {
    head('hair', [0, 0.065, -0.024], 0.049, [0, -0.03, -0.034], 0.036, ['z', 1.25]);
    for (const x of [1, -1])
      head('hair', [0.033 * x, 0.075, -0.006], 0.021, [0.038 * x, -0.015, -0.006], 0.015);
  }
  if (style === 'tail') head('hair', [0, 0.078, -0.064], 0.018, [0, 0.0, -0.078], 0.009);
  if (style === 'bun') head('hair', [0, 0.105, -0.048], 0.023, [0, 0.108, -0.05], 0.0225);
}

const times = (u: number, [x, y, z]: readonly [number, number, number]) =>
  [u * x, u * y, u * z] as const;
