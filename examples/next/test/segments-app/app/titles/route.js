import { cache, titleOf } from "../../data.js";

// Loads titles outside of the pages, which set `fetchCache`.
export async function GET(request) {
  const ids = new URL(request.url).searchParams.getAll("id");
  return Response.json(await Promise.all(ids.map(titleOf)));
}

export async function DELETE() {
  await cache.purge({ tags: ["titles"] });
  return new Response("purged");
}
