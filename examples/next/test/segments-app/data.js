// A data cache over Redis' REST interface. The build has no database.
import { get } from "node:http";
import { createDataCache } from "tidemark/node";

const { API_URL, CACHE_HANDLER = "none", REST_URL: url } = process.env;
const redis = url ? { url, token: "token" } : "none";

export const cache = createDataCache({ redis, namespace: `segments-${CACHE_HANDLER}` });
const titles = cache.namespace("titles", { fresh: "1d", tags: ["titles"] });

/** Reads the title of a story without `fetch`, as from a database. */
const read = (id) =>
  new Promise((resolve, reject) => {
    get(`${API_URL}/stories/${id}`, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve(JSON.parse(text).title);
    }).on("error", reject);
  });

export const titleOf = (id) => titles.getOrSet(id, () => (API_URL ? read(id) : "of the build"));
