/**
 * A detector for the webcam of the view Play, by MediaPipe's Pose Landmarker.
 *
 * 1. Put this file beside the page's index.html, as detector.js. Its default export is all that the
 *    page asks for: (video) => joints of one person in pixels of the video, or null.
 * 2. Serve MediaPipe from the same site, since the page's policy lets nothing else in:
 *    node_modules/@mediapipe/tasks-vision as mediapipe/, and in that folder the model
 *    pose_landmarker_lite.task, which MediaPipe's site has and the npm package has not.
 * 3. MediaPipe is WebAssembly, which browsers compile only where the policy says so: in the page's
 *    index.html, write script-src 'self' 'wasm-unsafe-eval'. Nothing else of the policy changes: the
 *    loader, its .wasm file and the model come from this site.
 */

import { FilesetResolver, PoseLandmarker } from './mediapipe/vision_bundle.mjs';

const files = await FilesetResolver.forVisionTasks(
  new URL('./mediapipe/wasm', import.meta.url).href,
);
const landmarker = await PoseLandmarker.createFromOptions(files, {
  baseOptions: {
    modelAssetPath: new URL('./mediapipe/pose_landmarker_lite.task', import.meta.url).href,
  },
  runningMode: 'VIDEO',
  numPoses: 1,
});

/**
 * BlazePose's 33 joints, [x, y, how sure] each: an array of a whole skeleton needs no names. Some
 * releases of MediaPipe do not tell how sure they are.
 * @param {HTMLVideoElement} video
 */
export default function detect(video) {
  const [person] = landmarker.detectForVideo(video, performance.now()).landmarks;
  if (!person) return null;
  return person.map(({ x, y, visibility }) => [
    x * video.videoWidth,
    y * video.videoHeight,
    visibility ?? 1,
  ]);
}
