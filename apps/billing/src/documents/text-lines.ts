import { createRequire } from 'node:module';
import { type FontName, fontRuns } from './fonts.ts';

/** Part of a line in one font and direction, in the order of drawing: left to right. */
export interface TextRun {
  readonly font: FontName;
  readonly text: string;
  readonly rtl: boolean;
}

export type Weight = 'regular' | 'bold';
export type Measure = (run: TextRun) => number;

/** bidi-js has no types of its own. */
interface Bidi {
  /** The level of each UTF-16 unit: odd ones run from right to left. */
  getEmbeddingLevels(text: string): { readonly levels: Uint8Array };
  getMirroredCharacter(unit: string): string | null;
}
const bidi = (createRequire(import.meta.url)('bidi-js') as () => Bidi)();
/** Hebrew, Arabic and other scripts from right to left, and marks of direction. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200f\u202b\u202e\u2067\ufb1d-\ufdff\ufe70-\ufeff]/;

/** The runs of one line from left to right, by the Unicode bidirectional algorithm. */
export const visualRuns = (line: string, weight: Weight): TextRun[] => {
  if (!RIGHT_TO_LEFT.test(line)) return fontRuns(line, weight).map((run) => ({ ...run, rtl: false }));
  const { levels } = bidi.getEmbeddingLevels(line);
  const parts: { level: number; text: string }[] = [];
  for (let at = 0; at < line.length; at++) {
    const level = levels[at] ?? 0;
    const unit = line.charAt(at);
    const shown = level % 2 === 1 ? (bidi.getMirroredCharacter(unit) ?? unit) : unit;
    const last = parts.at(-1);
    if (last?.level === level) last.text += shown;
    else parts.push({ level, text: shown });
  }
  const runs = parts.flatMap(({ level, text }) => fontRuns(text, weight).map((run) => ({ ...run, level })));
  return reordered(runs).map(({ font, text, level }) => directed(font, text, level % 2 === 1));
};

/** Fonts reverse text of their script by themselves, but not punctuation and spaces that stand alone. */
const directed = (font: FontName, text: string, rtl: boolean): TextRun =>
  rtl && !RIGHT_TO_LEFT.test(text) ? { font, text: [...text].reverse().join(''), rtl: false } : { font, text, rtl };

/** Rule L2 of the algorithm: from the highest level down to the lowest odd one, each stretch of it or higher is reversed. */
const reordered = <R extends { readonly level: number }>(runs: readonly R[]): R[] => {
  const result = [...runs];
  for (let level = Math.max(0, ...runs.map((run) => run.level)); level > 0; level--) {
    for (let from = 0; from < result.length; from++) {
      if ((result[from]?.level ?? 0) < level) continue;
      let to = from;
      while ((result[to]?.level ?? -1) >= level) to++;
      result.splice(from, to - from, ...result.slice(from, to).reverse());
      from = to;
    }
  }
  return result;
};

/** Places where a line may end: after spaces and hyphens, and around East Asian characters. */
const BREAKS =
  /(?<=[ \t\u2013-])|(?=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])|(?<=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])/u;

/** Breaks a text into lines that are at most `width` wide. Line breaks of the text stay; a word that is too long is cut. */
export const wrap = (text: string, width: number, weight: Weight, measure: Measure): string[] => {
  const widthOf = (part: string): number => visualRuns(part, weight).reduce((sum, run) => sum + measure(run), 0);
  return text
    .normalize('NFC')
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .flatMap((paragraph) => wrapParagraph(paragraph, width, widthOf));
};

const wrapParagraph = (paragraph: string, width: number, widthOf: (part: string) => number): string[] => {
  if (widthOf(paragraph) <= width) return [paragraph.trimEnd()];
  const lines: string[] = [];
  let line = '';
  let used = 0;
  const add = (part: string): void => {
    const wide = widthOf(part.trimEnd());
    if (used + wide > width && line !== '') {
      lines.push(line.trimEnd());
      line = '';
      used = 0;
    }
    if (wide > width && part.length > 1) {
      for (const character of part) add(character);
      return;
    }
    line += part;
    used += widthOf(part);
  };
  for (const part of paragraph.split(BREAKS)) add(part);
  return [...lines, line.trimEnd()];
};
