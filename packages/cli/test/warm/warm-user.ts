// A user of `tidemark warm`. The clock advances when the command sleeps, and the site stores every
// requested page.
import { main } from "../../src/main.ts";
import { FakeUser, type Ran } from "../fakes/fake-world.ts";

export const site = "https://www.example.com";
export const siteEnv = { TIDEMARK_SITE: site };

export interface AskedPage {
  readonly url: string;
  readonly headers: Headers;
  readonly atMs: number;
  readonly redirect: RequestRedirect | undefined;
}

/** Returns a response in place of the usual page, or `undefined` for the usual page. */
export type Script = (
  url: URL,
  times: number,
  init?: RequestInit,
) => Response | Promise<Response> | undefined;

/** A site that stores pages. Each origin is a colo with its own tier. */
export class StoringSite {
  readonly asked: AskedPage[] = [];
  readonly #script: Script;
  readonly #nowAtMs: () => number;
  readonly #times = new Map<string, number>();

  constructor(script: Script, nowAtMs: () => number) {
    this.#script = script;
    this.#nowAtMs = nowAtMs;
  }

  get urls(): string[] {
    return this.asked.map(({ url }) => url);
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    this.asked.push({
      url: url.href,
      headers: new Headers(init?.headers),
      atMs: this.#nowAtMs(),
      redirect: init?.redirect,
    });
    if (init?.signal?.aborted === true) throw new DOMException("aborted", "AbortError");
    const times = (this.#times.get(url.href) ?? 0) + 1;
    this.#times.set(url.href, times);
    return (await this.#script(url, times, init)) ?? page(times === 1 ? stored : hit);
  };
}

export const stored = "tidemark; fwd=uri-miss; fwd-status=200; stored";
export const hit = "tidemark; hit; ttl=60; detail=memory";

export function page(
  cacheStatus: string,
  status = 200,
  more: Record<string, string> = {},
): Response {
  return new Response("page", { status, headers: { "cache-status": cacheStatus, ...more } });
}

/** A user with a folder. All runs share the folder and the site. */
export class WarmUser {
  readonly site: StoringSite;
  /** The folder of the user's files. */
  readonly folder: string;
  /** Epoch milliseconds. */
  atMs = Date.now();
  /** The number of requests after which the user presses Ctrl-C. */
  interruptAfter = Infinity;
  readonly #user: FakeUser;
  readonly #sleepers: { readonly untilMs: number; readonly resolve: () => void }[] = [];

  private constructor(user: FakeUser, script: Script) {
    this.#user = user;
    this.folder = user.folder;
    this.site = new StoringSite(script, () => this.atMs);
  }

  static async at(script: Script = () => undefined): Promise<WarmUser> {
    return new WarmUser(await FakeUser.at(), script);
  }

  async warms(
    args: readonly string[],
    changed: { readonly input?: string; readonly env?: Record<string, string> } = {},
  ): Promise<Ran> {
    const { input = "", env = siteEnv } = changed;
    const { world, output, notes, interrupt } = this.#user.world(["warm", ...args], { input, env });
    const code = await main({
      ...world,
      fetch: async (asked, init) => {
        if (this.site.asked.length >= this.interruptAfter) interrupt();
        return this.site.fetch(asked, init);
      },
      nowAtMs: () => this.atMs,
      sleep: (ms) => this.#sleeps(ms),
    });
    return { code, out: output.text, notes: notes.text };
  }

  /** When nothing else is left to do, the clock advances to the end of the earliest sleep. */
  #sleeps(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sleepers.push({ untilMs: this.atMs + ms, resolve });
    setImmediate(() => {
      const [next] = this.#sleepers.sort((a, b) => a.untilMs - b.untilMs).splice(0, 1);
      this.atMs = Math.max(this.atMs, next?.untilMs ?? 0);
      next?.resolve();
    });
    return promise;
  }
}

export const pages = (count: number) => Array.from({ length: count }, (_, at) => `/${at}`);
export const listOf = (paths: readonly string[]) => paths.join("\n");
