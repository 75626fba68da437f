// The frameworks whose example `npm run test:frameworks` builds and runs behind Tidemark: one row for each.
import { createHash } from "node:crypto";

/**
 * Each example is the same small news site: `list` and `story` have tags, and show "version N" of a story, which a
 * publication increases. A rendering of `story` takes 150 ms. `account` shows "The account of NAME", by the cookie `user`.
 */
export interface Framework {
  /** The folder in `examples/`. */
  readonly name: string;
  /**
   * The platforms of the example, with the npm scripts that build and start it. On Node, `start` listens at
   * `127.0.0.1:$PORT`. On Workers, it is `wrangler dev`. Both get PURGE_URL and PURGE_SECRET.
   */
  readonly platforms: Readonly<Partial<Record<PlatformName, Scripts>>>;
  /** The page that lists the versions of all stories, such as "/". */
  readonly list: string;
  /** The file of this page, which has an element `<ul>`. */
  readonly listFile: string;
  /** The pages and data of a story that a browser requests, such as "/news/1". */
  readonly stories: (id: number) => readonly string[];
  readonly account: string;
  /** Returns the request that publishes a new version of a story, and answers after its purge is accepted. */
  readonly publish: (id: number) => { readonly path: string; readonly init: RequestInit };
  /** Fields of a browser, without which the framework refuses a request for data. */
  readonly fields?: Readonly<Record<string, string>>;
}

export type PlatformName = "node" | "workers";

interface Scripts {
  readonly build: string;
  readonly start: string;
}

const form = (values: Record<string, string>) => ({
  method: "POST",
  body: new URLSearchParams(values),
});

const bothPlatforms = {
  node: { build: "build", start: "start" },
  workers: { build: "build:workers", start: "start:workers" },
};

/** Returns the path of a function in `src/stories.ts`, which TanStack Start derives from file and name. */
function functionOfStart(name: string): string {
  const hash = createHash("sha256").update(`src/stories.ts--${name}_createServerFn_handler`);
  return `/_serverFn/${hash.digest("hex")}`;
}

/** Returns the argument of a function in the JSON of Seroval, as TanStack Start's client sends it. */
const argumentOfStart = (id: number) =>
  `{"t":{"t":10,"i":0,"p":{"k":["data"],"v":[{"t":1,"s":"${id}"}]},"o":0},"f":127,"m":[]}`;

export const frameworks: readonly Framework[] = [
  {
    name: "sveltekit",
    platforms: bothPlatforms,
    list: "/",
    listFile: "src/routes/+page.svelte",
    stories: (id) => [`/news/${id}`, `/news/${id}/__data.json`],
    account: "/account",
    publish: (id) => ({ path: `/news/${id}?/publish`, init: form({}) }),
  },
  {
    name: "nuxt",
    platforms: bothPlatforms,
    list: "/",
    listFile: "app/pages/index.vue",
    stories: (id) => [`/news/${id}`, `/api/news/${id}`],
    account: "/account",
    publish: (id) => ({ path: `/api/news/${id}/publish`, init: form({}) }),
  },
  {
    name: "tanstack-start",
    platforms: bothPlatforms,
    list: "/",
    listFile: "src/routes/index.tsx",
    stories: (id) => [
      `/news/${id}`,
      `${functionOfStart("getStory")}?${new URLSearchParams({ payload: argumentOfStart(id) })}`,
    ],
    account: "/account",
    publish: (id) => ({
      path: functionOfStart("publish"),
      init: {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: argumentOfStart(id),
      },
    }),
    fields: { "sec-fetch-site": "same-origin", "x-tsr-serverfn": "true" },
  },
  {
    name: "react-router",
    platforms: bothPlatforms,
    list: "/",
    listFile: "app/routes/list.tsx",
    stories: (id) => [`/news/${id}`, `/news/${id}.data`],
    account: "/account",
    publish: (id) => ({ path: `/news/${id}.data`, init: form({}) }),
  },
];
