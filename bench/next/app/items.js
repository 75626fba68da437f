// Cached reads of items. No two caches share an entry, because a purge of one path does not concern
// the other. A read returns { id, version, load }, as the origin answered it.
import { get } from "node:http";
import { cacheLife, cacheTag } from "next/cache";

const lifetime = { stale: 3_600, revalidate: 3_600, expire: 86_400 };

/** Reads from the origin without `fetch`, which Next.js changes. */
function load(id, reader = "function") {
  return new Promise((resolve, reject) => {
    get(`${process.env.ORIGIN_URL}/${id}?reader=${reader}`, async (response) => {
      const text = (await response.toArray()).join("");
      if (response.statusCode === 200) resolve(JSON.parse(text));
      else reject(new Error(`The origin answered with ${response.statusCode}.`));
    }).on("error", reject);
  });
}

export async function plain(id) {
  "use cache";
  cacheLife(lifetime);
  cacheTag(id);
  return load(id);
}

async function inner(id) {
  "use cache";
  cacheLife(lifetime);
  cacheTag(id);
  return load(id);
}

export async function nested(id) {
  "use cache";
  cacheLife(lifetime);
  return inner(id);
}

export async function paged(id) {
  "use cache";
  cacheLife(lifetime);
  cacheTag(id);
  return load(id, "page");
}

export async function remote(id) {
  "use cache: remote";
  cacheLife(lifetime);
  cacheTag(id);
  return load(id);
}

/** Reads by `fetch`. Each reader has an entry of its own. */
export async function fetched(id, reader = "route") {
  const next = { tags: [id], revalidate: lifetime.revalidate };
  const response = await fetch(`${process.env.ORIGIN_URL}/${id}?reader=${reader}`, { next });
  return response.json();
}

/** Reads ten items, as a page of many parts does. */
export async function many(id) {
  return Promise.all(Array.from({ length: 10 }, (_, nth) => plain(`${id}-${nth}`)));
}
