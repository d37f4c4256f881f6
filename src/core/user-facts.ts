/** What a list says about users: fields by name, for each user id. */
export type UserFacts = ReadonlyMap<string, Readonly<Record<string, string>>>;
