/**
 * A webcam through the detector that the site's owner plugs in: a module `detector.js` beside the
 * page, whose default export takes the video and gives the joints of a person in its pixels, or null.
 */

import { h } from '../../parts/dom.ts';

/**
 * Gives joints as a joints file has them, in pixels of the video: by name, `{ left_hip: [x, y], ... }`,
 * or an array of BlazePose's 33, [x, y] or [x, y, confidence] each, or of another skeleton that is
 * named, `{ skeleton: 'coco17', joints: [...] }`; null where nobody is seen. It may take its time:
 * frames that come meanwhile are dropped.
 */
export type Detector = (video: HTMLVideoElement) => unknown | Promise<unknown>;

export async function loadDetector(): Promise<Detector> {
  const address = new URL('./detector.js', document.baseURI).href;
  let module: { default?: unknown };
  try {
    module = (await import(/* @vite-ignore */ address)) as { default?: unknown };
  } catch (error) {
    const reason = String((error as Error)?.message ?? error).replace(/[.\s]*$/, '');
    const why = (await isScript(address))
      ? `The detector at ${address} does not start: ${reason}. Mend it, and reload the page.`
      : `There is no detector yet: ${address} does not load. Put a module there whose default export finds joints in a video.`;
    throw new NoDetectorError(why, { cause: error });
  }
  if (typeof module.default !== 'function')
    throw new NoDetectorError(
      `The detector at ${address} exports no function by default. Export (video) => joints or null.`,
    );
  return module.default as Detector;
}

/** Whether a script lies there: a page that says that nothing does is none. */
async function isScript(address: string): Promise<boolean> {
  const response = await fetch(address).catch(() => undefined);
  const type = response?.headers.get('content-type') ?? '';
  return response?.ok === true && type.includes('javascript');
}

export class NoDetectorError extends Error {
  override name = 'NoDetectorError';
}

/** What to put there, for those who have no detector yet. */
export const howToPlugIn = (error: Error): (Node | string)[] => [
  h('strong', {}, 'Plug in a detector'),
  h('p', {}, error.message),
  h('pre', {}, 'export default async (video) =>\n  ({ left_hip: [x, y], … }) // or null'),
  h('p', {}, 'web/examples/detector.js in the repository does it with MediaPipe.'),
];

export interface Webcam {
  readonly video: HTMLVideoElement;
  stop(): void;
}

/**
 * Opens the camera and calls for each frame that the browser presents.
 * @param onFrame its number in an endless count, gaps being frames that the page never saw, and the
 *   time in seconds
 */
export async function openWebcam(
  onFrame: (video: HTMLVideoElement, frame: number, time: number) => void,
): Promise<Webcam> {
  if (!navigator.mediaDevices)
    throw new Error('This browser gives pages no camera here: it needs https or localhost.');
  const stream = await navigator.mediaDevices
    .getUserMedia({ video: { width: { ideal: 1280 } }, audio: false })
    .catch((error: Error) => {
      const why = error.name === 'NotAllowedError' ? 'it is not allowed' : error.message;
      throw new Error(`The camera did not open: ${why}. Allow it for this page and try again.`);
    });
  const video = document.createElement('video');
  video.muted = video.playsInline = true;
  video.srcObject = stream;
  let asked = 0;
  let count = 0;
  let presented = 0;
  const next: VideoFrameRequestCallback = (_, { presentedFrames, mediaTime }) => {
    asked = video.requestVideoFrameCallback(next);
    // The browser's count tells of frames between two calls, but stands still for some sources.
    count += Math.max(1, presentedFrames - presented);
    presented = presentedFrames;
    onFrame(video, count, mediaTime);
  };
  asked = video.requestVideoFrameCallback(next);
  await video.play();
  return {
    video,
    stop() {
      video.cancelVideoFrameCallback(asked);
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    },
  };
}
