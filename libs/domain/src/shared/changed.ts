/** The fields of `wanted` that differ from those of `present`. */
export const changed = <T extends object>(present: T, wanted: Partial<T>): Partial<T> =>
  Object.fromEntries(
    Object.entries(wanted).filter(
      ([field, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(present[field as keyof T]),
    ),
  ) as Partial<T>;
