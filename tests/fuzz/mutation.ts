import { seededRandom } from '../support/random.ts';

/** What inputs are made from: texts that a parser takes, and words that mean something to it. */
export type Corpus = { readonly texts: readonly string[]; readonly words: readonly string[] };

/** Longest input, in characters: the largest message and head that the server takes are as long. */
const LONGEST = 65_536;
const MOST_MUTATIONS = 8;
const DEEPEST = 3_000;

/** Numbers at which arithmetic, or somebody's idea of it, ends. */
const NUMBERS = [
  '0',
  '-0',
  '-1',
  '1e999',
  '0.1',
  '1e-7',
  '2147483648',
  '9007199254740991',
  '9007199254740992',
].concat(['18446744073709551616', 'NaN', 'Infinity', '0x10', '1_000', '٣']);

/** Characters that parsers, logs, keys and headers treat as their own. */
const CHARACTERS = [...'\u0000\t\n\r "\'%&+,-./:;<=>?@[\\]^_`{|}~*#$!()'].concat([
  '\u0085',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '\ud800',
  '\udfff',
  '💥',
  'é',
  'K',
  'ſ',
]);

type Chance = {
  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number;
  pick<Item>(items: readonly Item[]): Item;
};

/** Chance of one input: the same for the same seed and number, whatever was made before. */
function chanceOf(seed: number, number: number): Chance {
  const fraction = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  const below = (end: number): number => Math.floor(fraction() * end);
  return { below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
}

type Mutation = (text: string, chance: Chance, corpus: Corpus) => string;

const spanOf = (text: string, { below }: Chance): [from: number, to: number] => {
  const from = below(text.length + 1);
  return [from, Math.min(text.length, from + below(1 + Math.min(16, text.length)))];
};

const put = (text: string, [from, to]: readonly [number, number], piece: string): string =>
  text.slice(0, from) + piece + text.slice(to);

const MUTATIONS: readonly Mutation[] = [
  // In the place of something, and between things.
  (text, chance, { words }) => put(text, spanOf(text, chance), chance.pick(words)),
  (text, chance, { words }) => {
    const [at] = spanOf(text, chance);
    return put(text, [at, at], chance.pick(words));
  },
  (text, chance) => put(text, spanOf(text, chance), ''),
  (text, chance) => put(text, spanOf(text, chance), chance.pick(CHARACTERS)),
  (text, chance) => put(text, spanOf(text, chance), String.fromCharCode(chance.below(0x10000))),
  (text, chance) => {
    const [from, to] = spanOf(text, chance);
    return put(text, [to, to], text.slice(from, to).repeat(1 + chance.below(40)));
  },
  (text, chance) => text.replace(/\d+/, () => chance.pick(NUMBERS)),
  (text, chance, { texts }) => {
    const other = chance.pick(texts);
    return text.slice(0, chance.below(text.length + 1)) + other.slice(chance.below(other.length + 1));
  },
  (text, chance) => {
    const [from, to] = spanOf(text, chance);
    const [open, close] = chance.pick([
      ['[', ']'],
      ['{"a":', '}'],
      ['"', '"'],
    ]);
    const depth = chance.below(100) === 0 ? chance.below(DEEPEST) : 1;
    return put(text, [from, to], `${open}`.repeat(depth) + text.slice(from, to) + `${close}`.repeat(depth));
  },
  (text, chance) => text.slice(0, chance.below(text.length + 1)),
  (text, chance) => (chance.below(2) === 0 ? text.toUpperCase() : text.toLowerCase()),
];

/** The input of this number: a text of the corpus, changed in a few places. One in fifty is left as it was. */
export function mutant(corpus: Corpus, seed: number, number: number): string {
  const chance = chanceOf(seed, number);
  let text = chance.pick(corpus.texts);
  if (chance.below(50) === 0) return text;
  const mutations = 1 + Math.min(chance.below(MOST_MUTATIONS), chance.below(MOST_MUTATIONS));
  for (let n = 0; n < mutations; n++) text = chance.pick(MUTATIONS)(text, chance, corpus).slice(0, LONGEST);
  return text;
}
