import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { create, type Font } from 'fontkit';

export type FontName = 'regular' | 'bold' | 'arabic' | 'hebrew' | 'japanese' | 'chinese' | 'korean';

/** Package of each font, and its file beside the package's entry. All are Noto fonts under the SIL Open Font License. */
const FILES: Readonly<Record<FontName, readonly [string, string]>> = {
  regular: ['@expo-google-fonts/noto-sans', '400Regular/NotoSans_400Regular.ttf'],
  bold: ['@expo-google-fonts/noto-sans', '700Bold/NotoSans_700Bold.ttf'],
  arabic: ['@expo-google-fonts/noto-sans-arabic', '400Regular/NotoSansArabic_400Regular.ttf'],
  hebrew: ['@embedpdf/fonts-hebrew', '../fonts/NotoSansHebrew-Regular.ttf'],
  japanese: ['@embedpdf/fonts-jp', '../fonts/NotoSansJP-Regular.otf'],
  chinese: ['@embedpdf/fonts-sc', '../fonts/NotoSansHans-Regular.otf'],
  korean: ['@embedpdf/fonts-kr', '../fonts/NotoSansKR-Regular.otf'],
};

const require = createRequire(import.meta.url);
const fonts = new Map<FontName, Font>();

/** A font, kept for all documents. Its file is read when the first text needs it: those of East Asian fonts have 5 to 8 MB. */
export const fontOfName = (name: FontName): Font => {
  const known = fonts.get(name);
  if (known !== undefined) return known;
  const [entry, file] = FILES[name];
  // The files hold one font each.
  const font = create(readFileSync(join(dirname(require.resolve(entry)), file))) as Font;
  fonts.set(name, font);
  return font;
};

/**
 * A font for a new document. fontkit keeps with each glyph the characters that it stood for first, a space or a no-break space,
 * and a PDF lists them: without a fresh start, the bytes would depend on the documents before.
 */
export const freshFont = (name: FontName): Font => Object.assign(fontOfName(name), { _glyphs: {} });

const ARABIC = /\p{Script_Extensions=Arabic}/u;
const HEBREW = /\p{Script_Extensions=Hebrew}/u;
const KANA = /[\p{Script=Hiragana}\p{Script=Katakana}]/u;
const HANGUL = /\p{Script=Hangul}/u;
const EAST_ASIAN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uffef]/u;

/** Chinese, Japanese and Korean share characters that each draws in its own way: the rest of the text tells which is meant. */
const eastAsian = (text: string): FontName[] => {
  if (KANA.test(text)) return ['japanese', 'chinese', 'korean'];
  if (HANGUL.test(text)) return ['korean', 'chinese', 'japanese'];
  return ['chinese', 'japanese', 'korean'];
};

/** Part of a text that one font can draw. */
export interface FontRun {
  readonly font: FontName;
  readonly text: string;
}

/** Shown in place of characters that no font has: PDF/A forbids text without a glyph. */
const REPLACEMENT = '\ufffd';
const INVISIBLE = /\p{Default_Ignorable_Code_Point}|\p{Cc}|\p{Mark}/u;

/** Splits a text into runs by the font that has the glyphs. Neighbors stay in one font where it has them, spaces and digits too. */
export const fontRuns = (text: string, weight: 'regular' | 'bold'): FontRun[] => {
  const runs: { font: FontName; text: string }[] = [];
  for (const character of text.toWellFormed()) {
    const last = runs.at(-1);
    const font = fontOf(character, text, weight, last?.font);
    if (font === undefined && INVISIBLE.test(character)) continue;
    const name = font ?? weight;
    const shown = font === undefined ? REPLACEMENT : character;
    if (last?.font === name) last.text += shown;
    else runs.push({ font: name, text: shown });
  }
  return runs;
};

const fontOf = (
  character: string,
  text: string,
  weight: 'regular' | 'bold',
  last: FontName | undefined,
): FontName | undefined => {
  const codePoint = character.codePointAt(0) ?? 0;
  const special: FontName[] = EAST_ASIAN.test(character)
    ? eastAsian(text)
    : ARABIC.test(character)
      ? ['arabic']
      : HEBREW.test(character)
        ? ['hebrew']
        : [];
  const shared = special.length === 0 && last !== undefined && !/[\p{Letter}\p{Number}]/u.test(character) ? [last] : [];
  return [...shared, weight, ...special].find((name) => fontOfName(name).hasGlyphForCodePoint(codePoint));
};
