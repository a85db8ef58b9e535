import { create } from 'xmlbuilder2';

/** An element's content: text; its attributes (`@name`) and children in order; several of the same name. Null is left out. */
export type Content = string | null | Elements | readonly (string | Elements)[];
export interface Elements {
  readonly [name: string]: Content;
}

/** Characters that XML 1.0 cannot hold, even escaped. */
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const given = (content: Content): unknown => {
  if (typeof content === 'string') return content.toWellFormed().replace(FORBIDDEN, '');
  if (content === null) return undefined;
  if (Array.isArray(content)) return (content as readonly Content[]).map(given);
  return Object.fromEntries(
    Object.entries(content)
      .filter(([, child]) => child !== null)
      .map(([name, child]) => [name, given(child as Content)]),
  );
};

/** XML in UTF-8 with one root. */
export const xml = (root: Elements): string =>
  create({ version: '1.0', encoding: 'UTF-8' }, given(root) as object).end({ prettyPrint: true });
