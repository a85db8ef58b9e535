import type { Raw } from './params.ts';

interface Hash {
  [name: string]: Raw | Hash;
}

/**
 * Reads `a[b][0][c]=d` as Stripe does: numbers in brackets and `[]` make lists, other names objects.
 */
export const readForm = (text: string): { [name: string]: Raw } => {
  const root: Hash = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const names = key.split(/\[|\]\[|\]/).filter((name, index) => index === 0 || name !== '' || key.includes('[]'));
    const path = key.endsWith('[]') ? names.slice(0, -1) : names;
    put(root, path, value);
  }
  return lists(root) as { [name: string]: Raw };
};

const put = (root: Hash, path: readonly string[], value: string): void => {
  let at = root;
  path.forEach((name, index) => {
    const key = name === '' ? String(Object.keys(at).length) : name;
    if (index === path.length - 1) at[key] = value;
    else at = (at[key] ??= {}) as Hash;
  });
};

/** Objects whose names are 0, 1, 2 … become lists. */
const lists = (hash: Raw | Hash): Raw => {
  if (typeof hash !== 'object' || hash === null) return hash;
  const entries = Object.entries(hash as Hash).map(([name, value]) => [name, lists(value)] as const);
  const indexed = entries.length > 0 && entries.every(([name], index) => name === String(index));
  return indexed ? entries.map(([, value]) => value) : Object.fromEntries(entries);
};
