// The functions of the server. The stories stand for a database.
import { notFound } from "@tanstack/react-router";
import { createServerFn } from "@tanstack/react-start";
import { getCookie } from "@tanstack/react-start/server";
import { purge, shared } from "./cache";

const versions = new Map([
  ["1", 1],
  ["2", 1],
  ["3", 1],
]);

function storyOf(id: string) {
  const version = versions.get(id);
  if (version === undefined) throw notFound();
  return { id, version, title: `Story ${id}, version ${version}` };
}

export const getStories = createServerFn({ method: "GET" }).handler(() => {
  shared("news");
  return [...versions.keys()].map((id) => storyOf(id));
});

export const getStory = createServerFn({ method: "GET" })
  .validator((id: string) => id)
  .handler(async ({ data: id }) => {
    const story = storyOf(id);
    shared(`story:${id}`);
    // A slow query: a purge may arrive meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 150));
    return story;
  });

export const publish = createServerFn({ method: "POST" })
  .validator((id: string) => id)
  .handler(async ({ data: id }) => {
    versions.set(id, storyOf(id).version + 1);
    await purge("news", `story:${id}`);
  });

/** For one user, so a POST: it gets the cookie, and nothing stores its answer. */
export const getAccount = createServerFn({ method: "POST" }).handler(() => ({
  user: getCookie("user") ?? "nobody",
}));
