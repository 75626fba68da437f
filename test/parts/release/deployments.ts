// A site in two colos during a deployment of build B, and the return to build A. Meanwhile a request
// reaches either build. Clients load pages with their assets, come back, and keep tabs open.
import { release } from "../../../src/parts/release/release.ts";
import { Draws } from "../../../testing/draws.ts";
import { pass, TwoColos, withinSeconds } from "../../../testing/site/two-colos.ts";
import { idle, type Site } from "../../../testing/site/harness.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";

type Build = "a" | "b";

/** The servers of the origin, which a load balancer asks in turn. */
class Servers {
  running: readonly Build[] = ["a"];
  #turn = 0;

  readonly answer = (request: Request): Response => {
    const build = this.running[(this.#turn += 1) % this.running.length] ?? "a";
    const { pathname } = new URL(request.url);
    const fields = { "x-build-id": build, "last-modified": "Thu, 01 Jan 1970 00:00:01 GMT" };
    if (pathname.startsWith("/assets/")) {
      const isHere = assetsOf(build).includes(pathname);
      const headers = { "cache-control": "public, max-age=60", "content-type": "text/javascript" };
      return new Response(isHere ? pathname : "missing", { status: isHere ? 200 : 404, headers });
    }
    // Both builds give their pages the same validators.
    const etag = `"${pathname}"`;
    const control = "public, s-maxage=20, stale-while-revalidate=120, stale-if-error=600";
    const headers = { ...fields, etag, "cache-control": control };
    return request.headers.get("if-none-match") === etag
      ? new Response(null, { status: 304, headers })
      : new Response(build, { headers });
  };
}

const pages = ["/", "/news", "/shop", "/about", "/jobs"];
const assetOf = (page: string, build: Build) =>
  `/assets${page === "/" ? "/home" : page}-${build}.js`;
const vendor = "/assets/vendor.js";
const assetsOf = (build: Build) => [...pages.map((page) => assetOf(page, build)), vendor];

export const usual: ConfigInput = {
  routes: [
    { name: "assets", match: "/assets/*", use: [release("keep")] },
    { name: "pages", match: "*", use: [release({ header: "x-build-id" })] },
  ],
};

/** A page as a browser holds it. */
interface HeldPage {
  readonly build: Build;
  readonly etag: string | null;
}

/** The site, its clients, and what they have seen that must not be. */
class Deployments {
  readonly faults = new Set<string>();
  readonly #servers = new Servers();
  readonly #sought: string | undefined;
  readonly #colos: TwoColos;
  readonly #draws = new Draws(7);
  readonly #held = new Map<string, HeldPage>();
  /** The assets of all pages that were served, because a client may have any page still open. */
  readonly #tabs = new Set<string>();
  #told: Build = "a";
  #toldAtMs = -Infinity;
  requestCount = 0;
  readonly servedBuilds = new Set<string>();

  /** @param sought the fault at which the clients stop */
  constructor(config: ConfigInput, sought: string | undefined) {
    this.#sought = sought;
    this.#colos = new TwoColos(config, this.#servers.answer);
  }

  #isEnough(): boolean {
    return this.#sought !== undefined && this.faults.has(this.#sought);
  }

  /** Lets these builds answer, and clients come until this number of requests. */
  async run(builds: readonly Build[], untilCount: number): Promise<void> {
    this.#servers.running = builds;
    while (this.requestCount < untilCount && !this.#isEnough()) {
      this.#colos.clock.advance(this.#draws.between(0.01, 0.5));
      const site = this.#draws.isLucky(0.5) ? this.#colos.near : this.#colos.far;
      if (this.#draws.isLucky(0.6)) await this.#visit(site);
      else await this.#useTab(site);
    }
  }

  /** Warms the assets of a build, and then tells the release, as the command does. */
  async release(build: Build): Promise<void> {
    for (const asset of assetsOf(build)) await this.#loadAsset(this.#colos.near, asset);
    const headers = { authorization: "Bearer admin-of-this-site" };
    const body = JSON.stringify({ release: build, mode: "soft" });
    const { status } = await this.#ask(this.#colos.near, "/_cache/purge", {
      method: "POST",
      headers,
      body,
    });
    if (status !== 200) throw new Error(`The purge got ${status}.`);
    this.#told = build;
    this.#toldAtMs = this.#colos.clock.atMs;
    await pass(this.#colos.clock, 1);
  }

  async #visit(site: Site): Promise<void> {
    const path = this.#draws.oneOf(pages);
    const client = `${this.#draws.oneOf(["one", "two", "three"])} ${path}`;
    const held = this.#held.get(client);
    const condition = held?.etag ? { "if-none-match": held.etag } : {};
    const { status, text, fields } = await this.#ask(site, path, { headers: condition });
    const build = (status === 304 ? held?.build : text) as Build;
    const etag = fields.get("etag");
    const cacheStatus = fields.get("cache-status") ?? "";
    this.servedBuilds.add(`${build} of ${this.#servers.running.join()}`);
    const isStored = cacheStatus.includes("; hit") || cacheStatus.includes("fwd-status=304");
    const isOld = this.#colos.clock.atMs > this.#toldAtMs + withinSeconds * 1_000;
    if (isOld && isStored && build !== this.#told) this.faults.add("a left page from the cache");
    if (isOld && !this.#servers.running.includes(build)) this.faults.add("a page of a gone build");
    if (fields.has("x-build-id")) this.faults.add("the build is visible");
    this.#held.set(client, { build, etag });
    this.#tabs.add(assetOf(path, build));
    await this.#loadAsset(site, assetOf(path, build));
    await this.#loadAsset(site, vendor);
  }

  /** Loads a further asset of a page that some client still has open. */
  async #useTab(site: Site): Promise<void> {
    if (this.#tabs.size === 0) return;
    await this.#loadAsset(site, this.#draws.oneOf([...this.#tabs]));
  }

  async #loadAsset(site: Site, asset: string): Promise<void> {
    const { status } = await this.#ask(site, asset);
    if (status !== 200) this.faults.add("an asset is missing");
  }

  async #ask(
    site: Site,
    path: string,
    init: RequestInit & { headers?: Record<string, string> } = {},
  ) {
    this.requestCount += 1;
    if (init.method === undefined) return site.get(path, init);
    const response = await site.ask(path, init);
    const text = await response.text();
    await idle();
    return { status: response.status, text, fields: response.headers };
  }
}

/** Returns the site after 10,000 requests, two releases and their rolling deployments. */
export async function deployed(config: ConfigInput = usual, sought?: string): Promise<Deployments> {
  const site = new Deployments(config, sought);
  await site.release("a");
  await site.run(["a"], 1_500);
  await site.run(["a", "b"], 1_510);
  await site.release("b");
  await site.run(["a", "b"], 3_500);
  await site.run(["b"], 6_000);
  await site.run(["a", "b"], 6_010);
  await site.release("a");
  await site.run(["a", "b"], 8_000);
  await site.run(["a"], 10_000);
  return site;
}
