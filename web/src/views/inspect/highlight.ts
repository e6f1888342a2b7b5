/** WGSL in colours: enough to read by, without a parser. */

import { h } from '../../parts/dom.ts';

const KEYWORDS =
  'alias break case const const_assert continue continuing default diagnostic discard else enable fn for if let loop override requires return struct switch var while true false';
const TYPE = /^(?:bool|f16|f32|i32|u32|array|atomic|ptr|vec[234][fiuh]?|mat[234]x[234][fh]?)$/;
const words = new Set(KEYWORDS.split(' '));
const TOKEN = /(\/\/.*)|(@\w+)|(\b\d[\w.]*|\.\d+\w*)|([A-Za-z_]\w*)|([^\w@/]+|\/)/g;

/** One line as nodes. */
export function highlighted(line: string): (Node | string)[] {
  return [...line.matchAll(TOKEN)].map(([text, comment, attribute, number, word]) => {
    const kind = comment
      ? 'comment'
      : attribute
        ? 'attribute'
        : number
          ? 'value'
          : word && words.has(word)
            ? 'keyword'
            : word && TYPE.test(word)
              ? 'type'
              : undefined;
    return kind ? h('span', { class: kind }, text) : text;
  });
}
