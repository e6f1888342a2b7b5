/** Why is depth ambiguous? All the people behind one picture, and how to go from one to the next. */

import { BONES, bodyFaults, type Choices } from 'kinegrad';
import { h } from '../../parts/dom.ts';
import { latest } from '../../parts/latest.ts';
import { openScene } from '../../parts/open_scene.ts';
import { loadSamples, poseOf } from '../../parts/samples.ts';
import type { View } from '../../shell/app.ts';
import { cameraOf, type Pose } from '../../shell/pose_store.ts';
import { layout } from './layout.ts';
import {
  type Counted,
  count,
  everyday,
  imageError,
  type People,
  peopleOf,
  sentence,
} from './people.ts';
import { bonePicture } from './picture.ts';

export const view: View = {
  async mount(root, app) {
    const leaving = new AbortController();
    let counting = new AbortController();
    let pose: Pose;
    let people: People;
    let counted: Counted | undefined;
    let human = true;
    let shown: Choices = 0;
    let selected = BONES.findIndex(({ name }) => name === 'leftForearm');

    const picture = bonePicture((bone) => flip(bone));
    const parts = layout({
      picture: picture.element,
      step,
      only,
      home: () => people && go(people.chosen),
      flip,
      select,
    });
    root.append(parts.element);
    const [{ createScene }, { construction }, lifter] = await Promise.all([
      import('../../parts/scene.ts'),
      import('./construction.ts'),
      app.lifter(),
    ]);
    const scene = openScene(
      createScene,
      parts.canvas,
      'the picture and the words tell of the person',
    );
    const drawn = construction();
    scene?.add(drawn.group);

    const lifting = latest<Pose>(async (next) => {
      const camera = cameraOf(next);
      const lifted = await lifter.lift(next.joints, camera);
      if (leaving.signal.aborted) return;
      counting.abort();
      const first = pose === undefined;
      pose = next;
      people = peopleOf(lifted, next.joints, camera);
      counted = undefined;
      shown = people.chosen;
      selected = telling();
      picture.setPose(pose);
      scene?.setCamera(camera, pose.picture?.bitmap);
      draw();
      if (first) scene?.look('corner', 1.2);
      counting = new AbortController();
      const signal = AbortSignal.any([counting.signal, leaving.signal]);
      const found = await count(people, signal, tellCounts);
      if (!found) return;
      counted = found;
      tellCounts(found.all.length, found.human.length);
      tellPlace();
    }, app.fail);

    /** The limb whose two places are farthest apart says most. */
    function telling(): number {
      const gaps = people.gaps.map((gap, bone) =>
        /Forearm|Shank/.test(BONES[bone]!.name) ? gap : 0,
      );
      return gaps.indexOf(Math.max(...gaps.map((gap) => gap || 0)));
    }
    function tellCounts(all: number, bodies: number) {
      const counting = counted ? '' : ' so far';
      parts.counts.textContent = `${all.toLocaleString('en')} of 65,536 keep all bones on their lines of sight${counting}; a body could take ${bodies.toLocaleString('en')}.`;
    }
    const list = () => (human ? counted?.human : counted?.all);
    function tellPlace() {
      const place = list()?.indexOf(shown) ?? -1;
      const total = list()?.length.toLocaleString('en');
      parts.place.textContent = !counted
        ? 'Counting…'
        : place < 0
          ? `– of ${total}`
          : `${(place + 1).toLocaleString('en')} of ${total}`;
    }
    function step(by: number) {
      const all = list();
      if (!all?.length) return;
      const place = all.indexOf(shown);
      const next =
        place < 0 ? (by > 0 ? 0 : all.length - 1) : (place + by + all.length) % all.length;
      const before = shown;
      const changed = all[next]! ^ before;
      if (changed) selected = 31 - Math.clz32(changed);
      go(all[next]!);
    }
    function only(bodies: boolean) {
      human = bodies;
      for (const mode of parts.modes)
        mode.setAttribute('aria-pressed', String(mode.dataset.human === String(bodies)));
      tellPlace();
    }
    function flip(bone: number) {
      // The lifter may not be here yet.
      if (!people) return;
      selected = bone;
      const next = shown ^ (1 << bone);
      const stuck = people.candidates.unreachable(next);
      if (stuck === undefined) return go(next);
      const end = BONES.findIndex(({ to }) => to === stuck);
      const text = `Turned over, the ${side(bone)} would leave the ${side(end)} too short to reach its line of sight.`;
      draw();
      parts.verdict.append(h('p', { class: 'note' }, text));
    }
    function select(bone: number) {
      if (!people || bone === selected) return;
      selected = bone;
      draw();
    }
    function go(choices: Choices) {
      shown = choices;
      draw();
    }

    function draw() {
      const person = people.candidates.person(shown)!;
      const away = shown ^ people.chosen;
      scene?.show(person, ...(away ? [{ joints: people.lifted, faint: true }] : []));
      drawn.show(selected, person, people.candidates.person(shown ^ (1 << selected)));
      const flipped = (bone: number) => ((away >> bone) & 1) === 1;
      const towards = BONES.map((_, bone) => ((shown >> bone) & 1) === 0);
      picture.mark(towards, flipped, selected);
      parts.buttons.forEach((button, bone) => {
        button.setAttribute('aria-pressed', String(flipped(bone)));
        button.classList.toggle('selected', bone === selected);
        button.classList.toggle('towards', towards[bone]!);
        const gap = people.gaps[bone]!;
        const flat = gap < 0.04 ? ', almost flat to the picture' : '';
        const where = towards[bone] ? 'comes towards the camera' : 'goes away from the camera';
        button.setAttribute('aria-label', `${side(bone)}, ${where}${flat}`);
        button.title = Number.isFinite(gap) ? `Two places ${Math.round(100 * gap)} cm apart` : '';
        button.classList.toggle('flat', gap < 0.04);
      });
      parts.same.textContent = `off by ${imageError(person, pose.joints, cameraOf(pose)).toFixed(6)} px`;
      tellVerdict(away, bodyFaults(person).map(sentence));
      tellPlace();
    }

    function tellVerdict(away: number, faults: readonly string[]) {
      const bones = BONES.filter((_, bone) => (away >> bone) & 1).length;
      const title = away
        ? `${bones} ${bones === 1 ? 'bone' : 'bones'} turned over`
        : "The lifter's choice";
      const possible = faults.length === 0;
      parts.verdict.replaceChildren(
        h('h2', {}, title),
        h(
          'p',
          { class: possible ? 'badge good' : 'badge bad' },
          possible ? 'A body can take this' : 'No body can take this',
        ),
        ...faults.slice(0, 2).map((text) => h('p', { class: 'small' }, capital(text) + '.')),
        ...(faults.length > 2
          ? [h('p', { class: 'small muted' }, `And ${faults.length - 2} more.`)]
          : []),
        ...(possible && away
          ? [
              h(
                'p',
                { class: 'small muted' },
                'Nothing in this picture speaks against it: only what people usually do.',
              ),
            ]
          : []),
        ...(away
          ? []
          : [
              h(
                'p',
                { class: 'small muted' },
                'Learnt from motion capture: of all these people, the one that people mostly are.',
              ),
            ]),
      );
      parts.home.disabled = !away;
    }

    const keys = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (target.matches('input, select, canvas') || event.altKey || event.ctrlKey || event.metaKey)
        return;
      if (event.key === 'ArrowRight') step(1);
      else if (event.key === 'ArrowLeft') step(-1);
      else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        const at = parts.buttons.indexOf(target as HTMLButtonElement);
        if (at < 0) return;
        const order = [...parts.element.querySelectorAll<HTMLButtonElement>('.bone')];
        const by = event.key === 'ArrowDown' ? 1 : -1;
        order.at((order.indexOf(target as HTMLButtonElement) + by) % order.length)!.focus();
      } else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', keys, { signal: leaving.signal });

    const unsubscribe = app.pose.subscribe((next) => lifting.give(next));
    const given = app.pose.get();
    if (given) lifting.give(given);
    else app.pose.set(await poseOf((await loadSamples())[0]!));
    return () => {
      leaving.abort();
      unsubscribe();
      drawn.dispose();
      scene?.dispose();
    };
  },
};

const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1);
const side = (bone: number) => {
  const { side } = BONES[bone]!;
  return side === 'middle' ? everyday(bone) : `${side} ${everyday(bone)}`;
};
