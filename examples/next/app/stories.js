import { cacheLife, cacheTag } from "next/cache";

const api = process.env.API_URL ?? "http://127.0.0.1:4000";

const read = async (path) => (await fetch(api + path, { cache: "no-store" })).json();

export async function stories() {
  "use cache";
  cacheLife("hours");
  cacheTag("stories");
  return read("/stories");
}

export async function story(id) {
  "use cache";
  cacheLife("hours");
  cacheTag("stories", `story:${id}`);
  return read(`/stories/${id}`);
}

export async function write(id, title) {
  const { ok } = await fetch(`${api}/stories/${id}`, { method: "PUT", body: title });
  if (!ok) throw new Error("The story was not written.");
}

/** Reads through the cache of `fetch`. */
export async function top() {
  const answer = await fetch(`${api}/stories/1`, {
    cache: "force-cache",
    next: { tags: ["story:1"] },
  });
  return answer.json();
}
