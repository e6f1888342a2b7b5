/** The camera that took the picture: lines to the corners of its image, which hangs at their end. */

import type { Camera } from 'kinegrad';
import {
  BufferAttribute,
  BufferGeometry,
  CanvasTexture,
  DoubleSide,
  Group,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  MeshBasicMaterial,
  SRGBColorSpace,
} from 'three';

/** Metres from the camera to where its picture hangs. */
const DEPTH = 0.8;

export interface Frustum {
  readonly group: Group;
  set(camera: Camera | undefined, picture?: ImageBitmap): void;
  paint(colour: string): void;
  dispose(): void;
}

export function createFrustum(): Frustum {
  const group = new Group();
  group.visible = false;
  const corners = new BufferAttribute(new Float32Array(4 * 3), 3);
  const lines = new BufferGeometry();
  lines.setAttribute('position', new BufferAttribute(new Float32Array(5 * 3), 3));
  lines.setIndex([0, 1, 0, 2, 0, 3, 0, 4, 1, 2, 2, 3, 3, 4, 4, 1]);
  const stroke = new LineBasicMaterial({ fog: false });
  const sheet = new BufferGeometry();
  sheet.setAttribute('position', corners);
  sheet.setAttribute('uv', new BufferAttribute(new Float32Array([0, 1, 1, 1, 1, 0, 0, 0]), 2));
  sheet.setIndex([0, 2, 1, 0, 3, 2]);
  const paper = new MeshBasicMaterial({
    side: DoubleSide,
    transparent: true,
    opacity: 0.85,
    fog: false,
    depthWrite: false,
  });
  const frame = new LineSegments(lines, stroke);
  const image = new Mesh(sheet, paper);
  frame.frustumCulled = image.frustumCulled = false;
  group.add(frame, image);
  let shown: ImageBitmap | undefined;

  return {
    group,
    set(camera, picture) {
      group.visible = camera !== undefined;
      if (!camera) return;
      const { width, height, fx, fy, cx, cy } = camera;
      const at = lines.getAttribute('position') as BufferAttribute;
      const square = [
        [0, 0],
        [width, 0],
        [width, height],
        [0, height],
      ] as const;
      square.forEach(([x, y], i) => {
        const corner = [((x - cx) / fx) * DEPTH, -((y - cy) / fy) * DEPTH, -DEPTH] as const;
        corners.setXYZ(i, ...corner);
        at.setXYZ(i + 1, ...corner);
      });
      corners.needsUpdate = at.needsUpdate = true;
      image.visible = picture !== undefined;
      if (!picture || picture === shown) return;
      shown = picture;
      paper.map?.dispose();
      paper.map = thumbnail(picture);
      paper.needsUpdate = true;
    },
    paint(colour) {
      stroke.color.set(colour);
    },
    dispose() {
      paper.map?.dispose();
      for (const each of [lines, stroke, sheet, paper]) each.dispose();
    },
  };
}

/** A small copy is enough for where it hangs. */
function thumbnail(picture: ImageBitmap): CanvasTexture {
  const canvas = document.createElement('canvas');
  const scale = Math.min(1, 512 / Math.max(picture.width, picture.height));
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const texture = new CanvasTexture(canvas);
  texture.colorSpace = SRGBColorSpace;
  return texture;
}
