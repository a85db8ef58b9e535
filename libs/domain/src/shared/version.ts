import semver from 'semver';

/** Whether a text is a version (SemVer 2.0.0; a leading v and missing parts, as in `v2` or `1.4`, are allowed). */
export const isVersion = (text: string): boolean => parse(text) !== null;

/** Negative, 0 or positive if `a` is older than, the same as or newer than `b`. @throws if one of them is not a version */
export const compareVersions = (a: string, b: string): number => {
  const [left, right] = [parse(a), parse(b)];
  if (left === null || right === null) throw new Error(`not versions: ${a}, ${b}`);
  return semver.compare(left, right);
};

const parse = (text: string): semver.SemVer | null => {
  const [, numbers = '', rest = ''] = /^v?(\d+(?:\.\d+){0,2})(.*)$/.exec(text.trim()) ?? [];
  const padded = [...numbers.split('.'), '0', '0'].slice(0, 3).join('.');
  return numbers === '' ? null : semver.parse(`${padded}${rest}`);
};
