import { describe, expect, it } from 'vitest';
import { randomAt } from '../../src/data/random.ts';
import * as camera from '../../src/pose/camera.ts';
import { expectClose } from './close.ts';

/** A camera of Human3.6M (subject 1, 54138969), as published. */
const H36M = camera.cameraFromIntrinsics({
  width: 1000,
  height: 1002,
  fx: 1145.0494384765625,
  fy: 1143.7811279296875,
  cx: 512.541504956548,
  cy: 515.4514869776,
  distortion: {
    k1: -0.2070987,
    k2: 0.2477752,
    k3: -0.003076,
    p1: -0.00097582,
    p2: -0.00142476,
  },
});

describe('fields of view', () => {
  it('follow from a triangle', () => {
    // 90 degrees: half the side is the focal length
    expect(camera.cameraFromFov(800, 600, 90).fx).toBeCloseTo(400, 10);
    expect(camera.cameraFromFov(800, 600, 90, 'vertical').fx).toBeCloseTo(300, 10);
    expect(camera.cameraFromFov(800, 600, 90, 'diagonal').fx).toBeCloseTo(500, 10);
    const view = camera.fieldOfView(camera.cameraFromFov(800, 600, 70, 'diagonal'));
    expect(view.diagonal).toBeCloseTo(70, 10);
    expect(() => camera.cameraFromFov(800, 600, 180)).toThrow(/180 degrees/);
  });

  it('put the edge of the image at half the angle', () => {
    const wide = camera.cameraFromFov(640, 480, 60);
    const x = Math.tan(Math.PI / 6);
    expect(camera.project(wide, [x, 0, 1])[0]).toBeCloseTo(640, 9);
  });

  it('follow from 35 mm film: 50 mm sees 39.6 degrees along 36 mm, 27.0 along 24 mm', () => {
    for (const [width, height] of [
      [3000, 2000],
      [2000, 3000],
    ] as const) {
      const view = camera.fieldOfView(camera.cameraFromFocal35(width, height, 50));
      expect(width > height ? view.horizontal : view.vertical).toBeCloseTo(39.6, 1);
      expect(width > height ? view.vertical : view.horizontal).toBeCloseTo(27.0, 1);
    }
  });

  it('refuse what is no camera', () => {
    expect(() => camera.cameraFromIntrinsics({ width: 0, height: 1, fx: 1 })).toThrow(/width 0/);
    expect(() => camera.cameraFromIntrinsics({ width: 9, height: 9, fx: NaN })).toThrow(/fx NaN/);
    expect(() => camera.cameraFromFocal35(10, 10, -1)).toThrow(/-1 mm/);
  });
});

describe('projection', () => {
  it('agrees with the formula of Human3.6M written out', () => {
    const [x, y] = [0.21, 0.34];
    const r2 = 0.21 ** 2 + 0.34 ** 2;
    const radial = 1 - 0.2070987 * r2 + 0.2477752 * r2 * r2 - 0.003076 * r2 * r2 * r2;
    const tangential = -0.00097582 * y - 0.00142476 * x;
    const u = 1145.0494384765625 * (x * (radial + tangential) - 0.00142476 * r2) + 512.541504956548;
    const v = 1143.7811279296875 * (y * (radial + tangential) - 0.00097582 * r2) + 515.4514869776;
    const [pu, pv] = camera.project(H36M, [x * 5, y * 5, 5]);
    expect(pu).toBeCloseTo(u, 9);
    expect(pv).toBeCloseTo(v, 9);
    // OpenCV's cross terms differ by fractions of a pixel, so the two must not be mixed up
    const opencv =
      1145.0494384765625 * (x * radial + 2 * -0.00097582 * x * y + -0.00142476 * (r2 + 2 * x * x)) +
      512.541504956548;
    expect(Math.abs(u - opencv)).toBeGreaterThan(0.02);
  });

  it('is undone by back-projection, in and well outside the image', () => {
    const random = randomAt(3);
    const points = Array.from({ length: 100 }, () => {
      const z = random.uniform(1, 8);
      return [random.uniform(-1, 1) * z, random.uniform(-1, 1) * z, z];
    }).flat();
    const depths = points.filter((_, i) => i % 3 === 2);
    const back = camera.backProject(H36M, camera.project(H36M, points), depths);
    expectClose(back, points, 10);
  });

  it('inverts strong lenses, and says where there is no inverse', () => {
    const random = randomAt(4);
    for (let i = 0; i < 30; i++) {
      const distortion = {
        k1: random.uniform(-0.2, 0.3),
        k2: random.uniform(0, 0.2),
        k3: random.uniform(0, 0.02),
        p1: random.normal(0, 0.005),
        p2: random.normal(0, 0.005),
      };
      const lens = { ...H36M, distortion };
      const rays = [random.uniform(-0.9, 0.9), random.uniform(-0.9, 0.9)];
      const back = camera.pixelsToRays(lens, camera.raysToPixels(lens, rays));
      expectClose(back, rays, 10);
    }
    // x (1 - r2) is at most 0.385: 1 is the image of nothing
    const folding = { ...H36M, distortion: { k1: -1, k2: 0, k3: 0, p1: 0, p2: 0 } };
    const far = [H36M.cx + H36M.fx, H36M.cy];
    expect(() => camera.pixelsToRays(folding, far)).toThrow(/no inverse at \(1.000, 0.000\)/);
  });

  it('refuses points behind the camera', () => {
    expect(() => camera.project(H36M, [0, 0, 1, 0, 0, -1])).toThrow(/point 1 has depth -1/);
  });
});

describe('extrinsics', () => {
  it('look at the target, with the world upright', () => {
    const pose = camera.lookAt([0, 1, 5], [0, 1, 0]);
    // y up becomes y down; the camera looks along -z, so +x of the world is on its right
    const seen = camera.worldToCamera(pose, [0, 1, 0, 1, 1, 0, 0, 2, 0]);
    expectClose(seen, [0, 0, 5, 1, 0, 5, 0, -1, 5], 12);
    const above = camera.worldToCamera(camera.lookAt([2, 7, 3], [2, 1, 3]), [2, 1, 3]);
    expectClose(above, [0, 0, 6], 12);
  });

  it('roll clockwise: what was up turns to the left', () => {
    const rolled = camera.lookAt([0, 0, 5], [0, 0, 0], Math.PI / 2);
    const seen = camera.worldToCamera(rolled, [0, 1, 0]);
    expectClose(seen, [-1, 0, 5], 12);
  });

  it('go there and back', () => {
    const random = randomAt(5);
    const pose = camera.lookAt([1, 2, 3], [0.5, 1, -4], 0.3);
    const points = Array.from({ length: 30 }, () => random.normal());
    const back = camera.cameraToWorld(pose, camera.worldToCamera(pose, points));
    expectClose(back, points, 12);
  });
});
