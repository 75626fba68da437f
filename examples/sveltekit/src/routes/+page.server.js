import { shared } from "#lib/server/cache.js";
import { stories } from "#lib/server/stories.js";

export function load({ setHeaders }) {
  const all = stories();
  setHeaders(shared("news", ...all.map(({ id }) => `story:${id}`)));
  return { stories: all };
}
