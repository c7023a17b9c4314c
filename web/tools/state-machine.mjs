/**
 * Turns the drawing of the state machine into typed data, so that the page can draw it in its own colours. The page cannot load the SVG itself:
 * parsing it at run time needs a sink that Trusted Types forbid. `node tools/state-machine.mjs` writes src/lib/machine.generated.ts; a test compares them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCE = new URL('../../statemachine/image-analysis.svg', import.meta.url);
const TARGET = new URL('../src/lib/machine.generated.ts', import.meta.url);
/** The kind of a state, by the border that statemachine/drawing.py gives it. */
const KINDS = { '#2f6db5': 'task', '#b98a14': 'choice', '#8a8a8a': 'skip', '#2e8b45': 'end', '#7a7fb5': 'parallel' };
const BRANCH = '#c9cbe3';
const CATCH = '#c0392b';

const unescape = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');

function attributes(text) {
  return Object.fromEntries([...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}

/** Reads the drawing. The file has one element on each line. */
export function parse(svg) {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg);
  const states = [];
  const branches = [];
  const edges = [];
  const dots = [];
  const open = [];
  for (const text of svg.split('\n')) {
    const tag = /^<(\/?[a-z]+)/.exec(text)?.[1];
    const has = attributes(text);
    const inside = open.at(-1);
    const number = (name) => Number(has[name]);
    if (tag === 'g') open.push({ comment: unescape(/<title>(.*?)<\/title>/.exec(text)[1]), parent: inside?.name ?? null });
    else if (tag === '/g') open.pop();
    else if (tag === 'rect' && has.stroke === BRANCH) branches.push({ parent: inside.name, x: number('x'), y: number('y'), width: number('width'), height: number('height') });
    else if (tag === 'rect' && has.stroke) Object.assign(inside, { kind: KINDS[has.stroke], x: number('x'), y: number('y'), width: number('width'), height: number('height'), radius: number('rx') });
    else if (tag === 'text') {
      const content = unescape(/>(.*?)<\/text>/.exec(text)[1]);
      if (has['font-weight'] === '600') {
        inside.name = content;
        const { comment, parent, kind, x, y, width: w, height: h, radius } = inside;
        states.push({ name: content, kind, comment, parent, function: null, x, y, width: w, height: h, radius, textX: number('x'), textY: number('y') });
      } else if (has.fill in KINDS) states.at(-1).function = content;
      else Object.assign(edges.at(-1), { label: content, labelX: number('x'), labelY: number('y'), anchor: has['text-anchor'] });
    } else if (tag === 'path' && has.d.startsWith('M') && has['marker-end'] && !text.startsWith('<marker')) {
      const [from, to] = ends(has.d);
      edges.push({ kind: has.stroke === CATCH ? 'catch' : 'flow', d: has.d, from, to, label: null, labelX: 0, labelY: 0, anchor: 'start' });
    } else if (tag === 'circle') dots.push({ x: number('cx'), y: number('cy'), radius: number('r'), hollow: has.fill === 'none' });
  }
  for (const edge of edges) for (const end of ['from', 'to']) edge[end] = touching(states, edge[end]);
  return { width: Number(width), height: Number(height), states, branches, edges, dots };
}

/** First and last point of a path of M, V and H. */
function ends(d) {
  let [x, y] = [0, 0];
  const points = [...d.matchAll(/([MVH])([\d.]+)(?:,([\d.]+))?/g)].map(([, command, first, second]) => {
    if (command === 'M') [x, y] = [Number(first), Number(second)];
    else if (command === 'V') y = Number(first);
    else x = Number(first);
    return { x, y };
  });
  return [points[0], points.at(-1)];
}

/** The smallest state whose border has the point; `null` for the dots of start and end. */
function touching(states, point) {
  const near = (a, b) => Math.abs(a - b) < 0.6;
  const found = states.filter(({ x, y, width, height }) => {
    const across = point.x > x - 0.6 && point.x < x + width + 0.6;
    const along = point.y > y - 0.6 && point.y < y + height + 0.6;
    return (across && (near(point.y, y) || near(point.y, y + height))) || (along && (near(point.x, x) || near(point.x, x + width)));
  });
  return found.sort((a, b) => a.width * a.height - b.width * b.height)[0]?.name ?? null;
}

/** The text of the generated module. */
export function generate(svg) {
  return `// Written by tools/state-machine.mjs from statemachine/image-analysis.svg. Do not edit.\nimport type { Machine } from './machine.ts';\n\nexport const MACHINE: Machine = ${JSON.stringify(parse(svg), null, 1)};\n`;
}

export const generated = () => generate(readFileSync(SOURCE, 'utf8'));

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, generated());
