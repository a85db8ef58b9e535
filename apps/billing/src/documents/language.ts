export const LANGUAGES = ['en', 'de', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

const isLanguage = (text: string): text is Language => (LANGUAGES as readonly string[]).includes(text);

/** The first locale whose language the documents know; else English. @param locales BCP 47: `de-AT`; null = none */
export const languageOf = (...locales: readonly (string | null | undefined)[]): Language =>
  locales.map((locale) => locale?.split(/[-_]/)[0]?.toLowerCase() ?? '').find(isLanguage) ?? 'en';
