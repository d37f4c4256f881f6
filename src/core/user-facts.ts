/** What a list says of users: fields by name, by the id of the user. */
export type UserFacts = ReadonlyMap<string, Readonly<Record<string, string>>>;
