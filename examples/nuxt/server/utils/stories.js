// The stories, which an editor changes while the site runs.
const versions = new Map([1, 2, 3].map((id) => [String(id), 1]));

export const stories = () => [...versions].map(([id, version]) => ({ id, version }));
export const versionOf = (id) => versions.get(id);
export const change = (id) => versions.set(id, (versions.get(id) ?? 0) + 1);
