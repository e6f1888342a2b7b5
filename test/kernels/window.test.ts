/** Places of windows, against counting them, and against what PyTorch and TensorFlow say. */

import { expect, test } from 'vitest';
import { type Padding, windowOf } from '../../src/kernels/window.ts';

/** Where a window may begin in the padded image, one try after another. */
function counted(image: number, taps: number, stride: number, dilation: number, around: number) {
  let places = 0;
  for (let at = 0; at + dilation * (taps - 1) < image + around; at += stride) places++;
  return places;
}

test('as many windows as may be laid down one after another', () => {
  for (const image of [1, 2, 7, 8, 32, 33])
    for (const taps of [1, 2, 3, 7])
      for (const stride of [1, 2, 3])
        for (const dilation of [1, 2, 24])
          for (const [before, after] of [[0, 0] as const, [1, 1] as const, [0, 3] as const]) {
            const places = counted(image, taps, stride, dilation, before + after);
            const given = () =>
              windowOf('conv2d', [image, 50], [taps, 1], {
                stride,
                dilation: [dilation, 1],
                padding: [before, after, 0, 0],
              }).places;
            if (places === 0) expect(given).toThrow('Pad more or use a smaller dilation');
            else expect(given()).toEqual([places, Math.ceil(50 / stride)]);
          }
});

test.each<[Padding, number, number, number, readonly number[], readonly number[]]>([
  // TensorFlow: the odd row and column at the end.
  ['same', 224, 3, 2, [0, 1, 0, 1], [112, 112]],
  ['same', 225, 3, 2, [1, 1, 1, 1], [113, 113]],
  ['same', 128, 7, 2, [2, 3, 2, 3], [64, 64]],
  ['same', 32, 3, 1, [1, 1, 1, 1], [32, 32]],
  ['same', 5, 1, 2, [0, 0, 0, 0], [3, 3]],
  // PyTorch's first layer of ResNet.
  [3, 224, 7, 2, [3, 3, 3, 3], [112, 112]],
])('padding %s of %i pixels, %i taps, stride %i', (padding, image, taps, stride, sides, places) => {
  const w = windowOf('conv2d', [image, image], [taps, taps], { stride, padding });
  expect(w.padding).toEqual(sides);
  expect(w.places).toEqual(places);
});

test('what is no geometry is refused', () => {
  expect(() => windowOf('maxPool2d', [8, 8], [2, 2], { stride: 0 })).toThrow(
    'maxPool2d: stride 0 is no whole number of 1 or more',
  );
  expect(() => windowOf('conv2d', [8, 8], [3, 3], { padding: [0, 0, -1, 0] })).toThrow(
    'conv2d: padding -1',
  );
  expect(() => windowOf('conv2d', [8, 8], [3, 3], { dilation: 18 })).toThrow(
    'reaches over 37 x 37 pixels, the image of 8 x 8 has 8 with its padding',
  );
});
