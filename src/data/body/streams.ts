/**
 * First keys of the random numbers, so that a pose, its camera and its noise are independent of
 * each other.
 */
export const STREAM = { pose: 1, camera: 2, detection: 3 } as const;
