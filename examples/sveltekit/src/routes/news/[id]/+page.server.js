import { error } from "@sveltejs/kit";
import { purge, shared } from "#lib/server/cache.js";
import { change, versionOf } from "#lib/server/stories.js";

export async function load({ params, setHeaders }) {
  // Before the 404, so that it is stored under the tag, and the new story purges it.
  setHeaders(shared("news", `story:${params.id}`));
  const version = versionOf(params.id);
  // A slow query: a purge may arrive meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 150));
  if (version === undefined) error(404, "There is no such story.");
  return { id: params.id, text: `version ${version}` };
}

// In a real site, only an editor may publish.
export const actions = {
  async publish({ params, platform }) {
    change(params.id);
    await purge(platform, `story:${params.id}`);
  },
};
