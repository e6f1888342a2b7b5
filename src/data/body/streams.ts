/**
 * First keys of the random numbers, so that a pose, its camera and its noise are independent of
 * each other.
 */
export const STREAM = {
  pose: 1,
  camera: 2,
  detection: 3,
  split: 4,
  look: 5,
  room: 6,
  things: 7,
  sensor: 8,
  hidden: 9,
} as const;
