// The stories, which stand for a database.
const versions = new Map<string, number>();
const versionOf = (id: string) => versions.get(id) ?? 1;

export const storyOf = (id: string) => ({ id, title: `Story ${id}, version ${versionOf(id)}` });
export const stories = () => ["1", "2", "3"].map((id) => storyOf(id));
export const raiseVersion = (id: string) => versions.set(id, versionOf(id) + 1);
