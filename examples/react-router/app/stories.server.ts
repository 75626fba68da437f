// The stories, which stand for a database.
import { data } from "react-router";

const versions = new Map([
  ["1", 1],
  ["2", 1],
  ["3", 1],
]);

/** @throws a response with 404 */
export function storyOf(id: string) {
  const version = versions.get(id);
  if (version === undefined) throw data("No such story.", 404);
  return { id, version, title: `Story ${id}, version ${version}` };
}

export const stories = () => [...versions.keys()].map((id) => storyOf(id));
export const raiseVersion = (id: string) => versions.set(id, storyOf(id).version + 1);
