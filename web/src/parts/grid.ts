import { Color, DoubleSide, Mesh, MeshBasicMaterial, PlaneGeometry } from 'three';

/** Metres between lines, and to where they fade out. */
const STEP = 0.5;
const REACH = 6;

export interface Grid {
  readonly ground: Mesh;
  /** Colours of the lines, and of what they fade into. */
  paint(line: string, room: string): void;
}

const VERTEX = `
varying vec2 place;
void main() {
  place = position.xz;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;

/** Lines are one pixel wide; where a pixel is as wide as a cell, they are only a tint. */
const FRAGMENT = `
varying vec2 place;
uniform vec3 line;
uniform vec3 room;
void main() {
  vec2 cell = place / ${STEP.toFixed(2)};
  vec2 pixel = fwidth(cell);
  vec2 apart = abs(fract(cell - 0.5) - 0.5) / pixel;
  vec2 tint = clamp(1.5 * pixel - 0.5, 0.0, 1.0);
  vec2 lines = mix(max(1.0 - apart, 0.0), min(pixel, 1.0), tint);
  float fade = max(0.0, 1.0 - dot(place, place) / ${(REACH * REACH).toFixed(2)});
  gl_FragColor = vec4(mix(room, line, max(lines.x, lines.y) * fade * fade), 1.0);
}`;

/**
 * A ground of lines that fade out all round. It is one square, coloured pixel by pixel: software
 * adapters draw a thousand lines several times slower, and lose long ones that pass the viewer.
 */
export function createGrid(): Grid {
  const colours = { line: { value: new Color() }, room: { value: new Color() } };
  // Drawn first, in the colour of the room behind it: it hides nothing.
  const material = new MeshBasicMaterial({ side: DoubleSide, depthWrite: false });
  material.onBeforeCompile = (shader) => {
    Object.assign(shader.uniforms, colours);
    shader.vertexShader = VERTEX;
    shader.fragmentShader = FRAGMENT;
  };
  const shape = new PlaneGeometry(2 * REACH, 2 * REACH).rotateX(-Math.PI / 2);
  const ground = new Mesh(shape, material);
  ground.renderOrder = -1;
  return {
    ground,
    paint(line, room) {
      // They are mixed as they are shown: to bring each pixel into sRGB takes as long as the lines.
      colours.line.value.set(line).convertLinearToSRGB();
      colours.room.value.set(room).convertLinearToSRGB();
    },
  };
}
