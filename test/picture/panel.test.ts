import { expect, test } from 'vitest';
import { liftedPicture, panel } from '../../src/picture/panel.ts';
import { COLOURS, legendRows, legendWidth, mix } from '../../src/picture/style.ts';
import { inset, svgDocument, textWidth, wrapText } from '../../src/picture/svg.ts';
import { elementsOf, named, numbers, standing } from './parse.ts';

const blank = (width: number, height: number) => ({ width, height, content: '<g/>' });

test('pictures stand side by side at one height, their proportions kept', () => {
  const sizes = [
    [640, 425],
    [300, 900],
    [1000, 100],
  ] as const;
  const picture = panel({ pictures: sizes.map(([w, h]) => blank(w, h)), caption: 'Three.' });
  const insets = named(elementsOf(picture), 'svg').slice(1);
  let left = 0;
  insets.forEach((element, i) => {
    const [x, y, width, height] = numbers(element, 'x', 'y', 'width', 'height') as number[];
    expect(x).toBeGreaterThan(left);
    expect(height).toBeCloseTo(460, 1);
    expect(width! / height!).toBeCloseTo(sizes[i]![0] / sizes[i]![1], 3);
    expect(y! + height!).toBeLessThan(picture.height);
    left = x! + width!;
  });
  expect(left).toBeLessThan(picture.width);
});

test('without pictures, or with one, a panel is still a picture', () => {
  for (const pictures of [[], [blank(10, 1000)]]) {
    const picture = panel({ pictures, title: 'A title & <more>', caption: 'word '.repeat(200) });
    const texts = named(elementsOf(picture), 'text');
    expect(texts[0]!.text).toBe('A title &amp; &lt;more&gt;');
    for (const text of texts) expect(numbers(text, 'y')[0]).toBeLessThan(picture.height);
  }
});

test('a lifted person is told with its error and units', () => {
  const pose = Float64Array.from({ length: 34 }, (_, i) => 10 * i);
  const picture = liftedPicture({
    image: { width: 640, height: 425 },
    pose,
    lifted: standing(),
    reprojectionError: 3.1234,
    reprojectionPercent: 0.8765,
    caption: 'More.',
  });
  const texts = named(elementsOf(picture), 'text').map(({ text }) => text);
  expect(texts.join(' ')).toContain(
    'Mean reprojection error 3.1 px (0.9 % of the person’s box). More.',
  );
  expect(texts).toEqual(expect.arrayContaining(['front', 'side', 'top']));
});

test('text is wrapped at words, within the width', () => {
  const words = 'the quick brown fox jumps over the lazy dog again and again';
  const lines = wrapText(words, 10, 100);
  expect(lines.join(' ')).toBe(words);
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) expect(textWidth(line, 10)).toBeLessThanOrEqual(100);
  expect(wrapText('unbreakable', 10, 1)).toEqual(['unbreakable']);
  expect(wrapText('', 10, 100)).toEqual([]);
});

test('a legend goes to the next row before it leaves the picture', () => {
  const entries = ['right side', 'left side', 'reference'].map((label) => ({
    label,
    colour: '#000',
  }));
  for (const width of [50, 150, 250, 1000]) {
    const rows = legendRows(entries, 12, width);
    expect(rows.flat()).toEqual(entries);
    for (const row of rows) expect(row.length === 1 || legendWidth(row, 12) <= width).toBe(true);
  }
});

test('colours mix channel by channel', () => {
  expect(mix('#000000', '#ffffff', 0.5)).toBe('#808080');
  expect(mix('#ff0010', '#0000ff', 0)).toBe('#ff0010');
  expect(mix('#ff0010', '#0000ff', 7)).toBe('#0000ff');
});

test('the right is warm, the left cool, and both stand out from white', () => {
  // relative luminance and contrast by WCAG 2.1
  const luminance = (colour: string) => {
    const [r, g, b] = [1, 3, 5].map((i) => {
      const c = Number.parseInt(colour.slice(i, i + 2), 16) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const colour of [COLOURS.left, COLOURS.right, COLOURS.muted])
    expect(1.05 / (luminance(colour) + 0.05)).toBeGreaterThan(3);
  expect(COLOURS.right.slice(1, 3) > COLOURS.right.slice(5, 7)).toBe(true);
  expect(COLOURS.left.slice(1, 3) < COLOURS.left.slice(5, 7)).toBe(true);
});

test('a document is as large as was asked, an inset keeps its units', () => {
  expect(svgDocument(blank(20, 10), 2)).toMatch(/width="40" height="20" viewBox="0 0 20 10"/);
  expect(inset(blank(20, 10), 1, 2, 40)).toContain(
    'x="1" y="2" width="40" height="20" viewBox="0 0 20 10"',
  );
});
