import type { UserFacts } from '../../../core/user-facts.ts';

/** Facts about users as codes: for each field a value from 1 to its count, 0 if unknown. */
export interface UserFields {
  readonly names: readonly string[];
  /** Values of each field. */
  readonly counts: readonly number[];
  /** int32[users x fields], row-major. */
  readonly codes: Int32Array;
}

/**
 * The fields of these users as numbers, values in ascending order of their texts.
 *
 * @example
 * const fields = userFieldsOf(ratings.userIds, await readDemographics('ml-100k/u.user'));
 * fields.names; // ['age', 'gender', 'occupation']
 */
export function userFieldsOf(userIds: readonly string[], facts: UserFacts): UserFields {
  const own = userIds.map((id) => facts.get(id) ?? {});
  const names = [...new Set(own.flatMap((fields) => Object.keys(fields)))].sort();
  const values = names.map((name) => [...new Set(own.flatMap((fields) => fields[name] ?? []))].sort());
  const codes = new Int32Array(userIds.length * names.length);
  for (const [user, fields] of own.entries()) {
    for (const [place, name] of names.entries()) {
      const value = fields[name];
      codes[user * names.length + place] = value === undefined ? 0 : (values[place]?.indexOf(value) as number) + 1;
    }
  }
  return { names, counts: values.map(({ length }) => length), codes };
}
