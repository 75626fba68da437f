// Isolates of an OpenNext Worker without Next.js: each request runs the work that a test passes.
import "../../testing/fakes/workers-globals.ts";
import { openNextOverrides, withTidemark } from "../../src/adapters/opennext.ts";
import { defineConfig } from "../../src/config/config.ts";
import type { Log } from "../../src/observe/log-line.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { idle } from "../../testing/site/harness.ts";
import { upstash } from "../../src/upstash.ts";

const { incrementalCache, tagCache } = openNextOverrides();
const config = defineConfig({});

export class OpenNextIsolate {
  readonly clock: FakeClock;
  readonly upstash: UnsteadyUpstash;
  /** The requests that revalidate pages. */
  readonly revalidated: Request[] = [];
  answer: () => Promise<Response> = async () =>
    new Response(null, { headers: { "x-nextjs-cache": "REVALIDATED" } });
  /** The messages of the log. */
  readonly logged: string[] = [];
  readonly #works: Promise<unknown>[] = [];
  /** Answers one request by this work. */
  readonly ask: (work: () => Promise<unknown>, method?: string) => Promise<Response>;

  constructor(beside?: OpenNextIsolate, options: { readonly stale?: "1h" } = {}) {
    const clock = (this.clock = beside?.clock ?? new FakeClock());
    this.upstash = beside?.upstash ?? new UnsteadyUpstash(clock);
    let work: () => Promise<Response> = async () => new Response();
    const app = { fetch: () => work() };
    const log: Log = ({ message }) => void this.logged.push(message);
    const worker = withTidemark(app, config, {
      nowAtMs: clock.nowAtMs,
      log,
      stores: upstash(),
      ...options,
    });
    const env = {
      UPSTASH_REDIS_REST_URL: this.upstash.url,
      UPSTASH_REDIS_REST_TOKEN: this.upstash.token,
      COLO: beside === undefined ? "AMS" : "SIN",
      WORKER_SELF_REFERENCE: {
        fetch: async (url: string, init: RequestInit) => {
          this.revalidated.push(new Request(url, init));
          return this.answer();
        },
      },
    };
    const context = { waitUntil: (one: Promise<unknown>) => void this.#works.push(one) };
    this.ask = (given, method = "GET") => {
      work = async () => {
        await given();
        return new Response();
      };
      return worker.fetch(new Request("https://www.example.com/", { method }), env, context);
    };
  }

  /** Runs work as one request. */
  async request<Result>(work: () => Promise<Result>): Promise<Result> {
    const results: Result[] = [];
    await this.ask(async () => void results.push(await work()));
    await idle();
    return results[0] as Result;
  }

  /** Reads as OpenNext does: judges a found page by its tags, and then by those of the reader. */
  async read(key: string, kind: "cache" | "fetch" = "cache", softTags: string[] = []) {
    return this.request(() => found(key, kind, softTags));
  }

  /** Looks up, renders and stores as OpenNext does. */
  async render(key: string, text: string, during: () => Promise<unknown> = async () => {}) {
    await this.request(async () => {
      await incrementalCache.get(key);
      await during();
      await incrementalCache.set(key, pageOf(text));
    });
  }

  async revalidateTag(...tags: Parameters<typeof tagCache.writeTags>[0]): Promise<void> {
    await this.request(() => tagCache.writeTags(tags));
  }
}

export const tagsOfPage = ["_N_T_/layout", "_N_T_/a", "red"];
export const pageOf = (html: string, revalidate: number | false = 60) => ({
  type: "app",
  html,
  revalidate,
  meta: { headers: { "x-next-cache-tags": tagsOfPage.join(",") } },
});

async function found(key: string, kind: "cache" | "fetch" = "cache", softTags: string[] = []) {
  const entry = await incrementalCache.get(key, kind);
  if (entry === null) return "miss";
  const { value, lastModified } = entry;
  const tags = [...(kind === "fetch" ? value.tags : tagsOfPage), ...softTags];
  if (await tagCache.hasBeenRevalidated(tags, lastModified)) return "revalidated";
  const text = value.html ?? value.data.body;
  return (await tagCache.isStale(tags, lastModified)) ? `stale ${text}` : text;
}

export const hard = { tag: "red", expire: 0 };
export const soft = { tag: "red", stale: 0, expire: 86_400_000 };

export function twoIsolates() {
  const here = new OpenNextIsolate();
  return { here, there: new OpenNextIsolate(here) };
}
