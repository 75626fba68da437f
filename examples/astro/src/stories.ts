// The stories, which an editor changes while the site runs.
const versions = new Map<string, number>();
let renderings = 0;

export const versionOf = (id: string) => versions.get(id) ?? 1;
export const publish = (id: string) => versions.set(id, versionOf(id) + 1);
export const rendered = () => (renderings += 1);
