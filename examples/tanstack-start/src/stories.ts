// The functions of the server. The versions of the stories stand for a database.
import { createServerFn } from "@tanstack/react-start";
import { getCookie } from "@tanstack/react-start/server";
import { purge, shared } from "./cache";

const versions = new Map<string, number>();
const versionOf = (id: string) => versions.get(id) ?? 1;
const storyOf = (id: string) => ({ id, title: `Story ${id}, version ${versionOf(id)}` });

export const getStories = createServerFn({ method: "GET" }).handler(() => {
  shared("news");
  return ["1", "2", "3"].map((id) => storyOf(id));
});

export const getStory = createServerFn({ method: "GET" })
  .validator((id: string) => id)
  .handler(async ({ data: id }) => {
    shared(`story:${id}`);
    const story = storyOf(id);
    // A slow query: a purge may arrive meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 150));
    return story;
  });

export const publish = createServerFn({ method: "POST" })
  .validator((id: string) => id)
  .handler(async ({ data: id }) => {
    versions.set(id, versionOf(id) + 1);
    await purge("news", `story:${id}`);
  });

/** For one user, so a POST: it gets the cookie, and nothing stores its answer. */
export const getAccount = createServerFn({ method: "POST" }).handler(() => ({
  user: getCookie("user") ?? "nobody",
}));
