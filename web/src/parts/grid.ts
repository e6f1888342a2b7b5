import { Color, DoubleSide, Mesh, MeshBasicMaterial, PlaneGeometry } from 'three';

/** Metres between lines, and to where they fade out. */
const STEP = 0.5;
const REACH = 6;

export interface Grid {
  /** The ground, about its own middle. */
  readonly ground: Mesh;
  /** Colours of the lines, and of what they fade into. */
  paint(line: string, room: string): void;
}

/** How the ground of a place is coloured: lines one pixel wide, by how far it is from the nearest. */
const FRAGMENT = `
  vec2 cell = vPlace / ${STEP.toFixed(1)};
  vec2 pixel = fwidth(cell);
  vec2 apart = abs(fract(cell - 0.5) - 0.5) / pixel;
  // Where a pixel is as wide as a cell, lines are only a tint.
  vec2 lines = mix(max(1.0 - apart, 0.0), min(pixel, 1.0), smoothstep(0.3, 1.0, pixel));
  float fade = pow(min(1.0, length(vPlace) / ${REACH.toFixed(1)}), 1.5);
  diffuseColor.rgb = mix(room, line, max(lines.x, lines.y) * (1.0 - fade));
`;

/**
 * A ground of lines that fade out all round. It is one square that is coloured pixel by pixel: on
 * software adapters a thousand lines take ten times as long, and long ones that pass the viewer are
 * lost.
 */
export function createGrid(): Grid {
  const [line, room] = [new Color(), new Color()];
  // The room is behind everything, so that the ground hides nothing.
  const material = new MeshBasicMaterial({ side: DoubleSide, depthWrite: false });
  material.onBeforeCompile = (shader) => {
    Object.assign(shader.uniforms, { line: { value: line }, room: { value: room } });
    const within = (program: string, declared: string, chunk: string, code: string) =>
      `${declared}\n${program.replace(`#include <${chunk}>`, `#include <${chunk}>\n${code}`)}`;
    shader.vertexShader = within(
      shader.vertexShader,
      'varying vec2 vPlace;',
      'begin_vertex',
      'vPlace = position.xz;',
    );
    shader.fragmentShader = within(
      shader.fragmentShader,
      'varying vec2 vPlace;\nuniform vec3 line;\nuniform vec3 room;',
      'color_fragment',
      FRAGMENT,
    );
  };
  const shape = new PlaneGeometry(2 * REACH, 2 * REACH).rotateX(-Math.PI / 2);
  const ground = new Mesh(shape, material);
  ground.renderOrder = -1;
  return {
    ground,
    paint(lines, space) {
      line.set(lines);
      room.set(space);
    },
  };
}
