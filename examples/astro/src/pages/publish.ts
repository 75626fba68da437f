// POST /publish?id=1: an editor changes a story. The answer is sent once the purge is accepted.
import type { APIRoute } from "astro";
import { publish } from "../stories";

export const POST: APIRoute = async ({ cache, url }) => {
  const id = url.searchParams.get("id") ?? "1";
  publish(id);
  await cache.invalidate({ tags: [`story:${id}`] });
  return new Response("Published.");
};
