/**
 * `npm run web:rates`: how fast the built page is in the browser of the tests, on SwiftShader, beside
 * what it should reach. Each round opens a fresh browser, and trains in Node right after the tab.
 *
 * `--rounds <n>` measures so often.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { openGpu, trainingSteps } from 'kinegrad';
import { max, median, min } from 'simple-statistics';
import { openSite } from '../test/browser/site.ts';
import { choose, click, openTrain, savedRun, says } from '../test/browser/train_view.ts';
import { openLearner, peopleOf } from '../web/src/views/train/learner.ts';
import { meter } from '../web/src/views/train/meter.ts';
import { configFor, DEFAULTS } from '../web/src/views/train/settings.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
if (!(Number.isInteger(rounds) && rounds > 0)) {
  console.error(`--rounds must be a whole number from 1, got ${values.rounds}`);
  process.exit(1);
}

/** Visits with a warm cache, and milliseconds of dragging, in each round. */
const VISITS = 3;
const DRAGGED = 4000;
/** Size, width and batch are those that the view proposes; so many steps are measured. */
const STEPS = { martinez: 250, cnn: 50 };

const found = { drag: [], cold: [], warm: [] };
const trained = Object.entries(STEPS).map(([architecture, steps]) => {
  const settings = { ...DEFAULTS[architecture], steps };
  return { settings, tab: [], node: [], share: [] };
});

/** Milliseconds from navigation to the first lift. */
async function firstLift(page) {
  await page.waitForFunction(() => document.querySelector('[data-lifts]') !== null);
  return page.evaluate(() => performance.now());
}

async function visits(site) {
  const { page } = await site.open('lift');
  found.cold.push(await firstLift(page));
  for (let i = 0; i < VISITS; i++) {
    await page.goto('about:blank');
    await page.goto(`${site.url}#lift`);
    found.warm.push(await firstLift(page));
  }
  return page;
}

/** Lifts a second while the pointer drags a wrist in circles, moving with each frame of the page. */
async function dragged(page) {
  await page.waitForTimeout(1000);
  const dot = await page.locator('[data-joint=leftWrist] .dot').boundingBox();
  const [x, y] = [dot.x + dot.width / 2, dot.y + dot.height / 2];
  const now = () =>
    page.evaluate(() => [
      performance.now(),
      Number(document.querySelector('[data-lifts]').dataset.lifts),
    ]);
  await page.mouse.move(x, y);
  await page.mouse.down();
  const [begin, before] = await now();
  for (let turn = 0, end = Date.now() + DRAGGED; Date.now() < end; turn += 0.1)
    await page.mouse.move(x + 40 * Math.sin(turn), y + 40 * Math.cos(turn) - 40);
  const [end, after] = await now();
  await page.mouse.up();
  found.drag.push((1000 * (after - before)) / (end - begin));
}

/** Steps a second of the view Train, judgements and checkpoints aside, as the view counts them. */
async function inTab(site, { architecture, steps }) {
  const { page } = await openTrain(site);
  page.setDefaultTimeout(120_000);
  await choose(page, { architecture, steps });
  await click(page, 'go');
  await says(page, new RegExp(`Saved at step ${steps}\\.`));
  const { losses, judgements, seconds } = await savedRun(page);
  await page.context().close();
  // The first step after a judgement has none before it.
  return (losses.length - judgements.length + 1) / seconds;
}

/** The same loop in Node, with the same breaks. */
async function inNode(settings) {
  const gpu = await openGpu({ adapter: 'swiftshader' });
  const config = configFor(settings);
  const learner = await openLearner(gpu, config, await peopleOf(gpu, config), () => {});
  const { training } = learner;
  const clock = meter();
  let [steps, seconds] = [0, 0];
  const due = (step) => step % config.validateEvery === 0;
  for await (const { step } of trainingSteps(training, config.steps, due, () => false)) {
    const spent = clock.tick() / 1000;
    if (spent > 0) steps++;
    seconds += spent;
    if (!due(step)) continue;
    clock.pause();
    await learner.judge();
    await training.snapshot();
  }
  await training.dispose();
  gpu.close();
  return steps / seconds;
}

for (let round = 0; round < rounds; round++) {
  process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  const site = await openSite();
  const page = await visits(site);
  await dragged(page);
  await page.context().close();
  for (const { settings, tab } of trained) tab.push(await inTab(site, settings));
  await site.close();
  for (const { settings, tab, node, share } of trained) {
    node.push(await inNode(settings));
    share.push((100 * tab.at(-1)) / node.at(-1));
  }
}

const head = ['', 'median', 'lowest', 'highest', 'n', 'target'];
const table = new Table({ head, style: { head: [], border: [], compact: true } });
const row = (name, values, digits, unit, target = '') => {
  const show = (value) => `${value.toFixed(digits)} ${unit}`;
  table.push([name, ...[median, min, max].map((of) => show(of(values))), values.length, target]);
};
row('Lifts while a joint is dragged', found.drag, 1, '/s', '>= 30 /s');
row('First lift, fresh browser', found.cold, 0, 'ms');
row('First lift, warm cache', found.warm, 0, 'ms', '< 3000 ms');
for (const { settings, tab, node, share } of trained) {
  const { architecture, size, width, batch } = settings;
  const pixels = size > 0 ? `, ${size} pixels` : '';
  row(`${architecture} in the tab, width ${width}, batch ${batch}${pixels}`, tab, 1, 'steps/s');
  row('The same in Node', node, 1, 'steps/s');
  row('Tab against Node', share, 0, '%', '>= 85 %');
}
console.log(String(table));
