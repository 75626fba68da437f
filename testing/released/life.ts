// Sends a Worker requests by which it writes every form of data that it can write to Redis and the
// edge cache. A release keeps these data, and tests check that later versions can read them.
import type { RouteInput } from "../../src/config/route-options.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { FakeCache, type KeptInCache } from "../fakes/fake-cache.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeUpstash, type KeptInDatabase } from "../fakes/fake-upstash.ts";
import { cc, OriginInProcess, page, type Script, unchanged } from "../fakes/origin-in-process.ts";
import { type AskInit, host, read, type Seen, until } from "../site/harness.ts";
import { secret, signedHeaders } from "../site/purge-sender.ts";
import { Isolate } from "./isolate.ts";

/** The stored data of a version. */
export interface Forms {
  readonly atMs: number;
  readonly database: KeptInDatabase;
  readonly cache: readonly KeptInCache[];
  /** The entries that this version returns from `GET /_cache/journal`. */
  readonly journal: unknown;
}

const adminToken = "admin-token-of-this-site";
const bearer = { authorization: `Bearer ${adminToken}` };
export const env = { PURGE_SECRET: secret, ADMIN_TOKEN: adminToken, SITE_HOST: host };

/** `hotKeys`, and `collapse` of a route, are options of earlier releases. Here they make parts. */
export const config: Omit<ConfigInput, "routes"> & {
  readonly hotKeys: number;
  readonly routes: (RouteInput & { readonly collapse?: "global" })[];
} = {
  hotKeys: 10,
  limits: { bufferBytes: 8_192 },
  routes: [
    { name: "crowd", match: "/crowd/*", collapse: "global" },
    { name: "posts", match: "/posts/*", invalidate: "everywhere" },
    { name: "section", match: "/section/*" },
    { name: "article", match: "/articles/:slug", tags: ({ slug }) => [`article:${slug ?? ""}`] },
    { name: "rest", match: "*", negative: { 404: "1d" } },
  ],
};

interface Asked {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the page is too large for Redis. */
  readonly isAtEdgeAlone?: true;
}

/** Requests that must be hits for any version that reads the stored data. */
export const standing: readonly Asked[] = [
  { path: "/plain" },
  { path: "/packed" },
  { path: "/picture" },
  { path: "/empty" },
  { path: "/missing" },
  { path: "/grouped" },
  { path: "/named" },
  { path: "/renewed" },
  { path: "/articles/a" },
  { path: "/crowd/page" },
  { path: "/varied", headers: { "accept-language": "de" } },
  { path: "/varied", headers: { "accept-language": "en" } },
  { path: "/large", isAtEdgeAlone: true },
];

/**
 * Paths that were purged hard or invalidated after they were stored. A later version must not
 * answer them with the old text.
 */
export const purged: readonly string[] = [
  "/purged/by-tag",
  "/purged/by-url",
  "/purged/below/a",
  "/purged/by-webhook",
  "/section/a",
  "/posts/1",
];
const softlyPurged = "/purged/softly";
/** A page whose lease says that the response cannot be shared. */
export const ownPage = "/crowd/own";
/** A page whose lease belongs to an ended isolate. */
export const heldPage = "/crowd/held";
export const hotPage = "/hot";

/** A path at which an unsafe request invalidates the group of `/grouped`. */
export const groupEnding = "/posts/of-spring";

const webhook = JSON.stringify({ tags: ["of-webhook"], reason: "sent by a site" });

const day = cc("max-age=86400");
const tagged = (tags: string) => page(`stored ${tags}`, { ...day, "cache-tag": tags });
const longText = "A sentence that comes again and again. ".repeat(200);

const scripted: Readonly<Record<string, (request: Request) => Response | Promise<Response>>> = {
  "/plain": () => page("plain", { ...day, "cache-tag": "plain, site", "last-modified": at }),
  "/packed": () => page(longText, day),
  "/picture": () =>
    new Response(
      Uint8Array.from({ length: 300 }, (_, index) => index % 256),
      {
        headers: { ...day, "content-type": "image/png" },
      },
    ),
  "/empty": () => page("", day),
  "/missing": () => page("nothing here", {}, 404),
  "/grouped": () => page("grouped", { ...day, "cache-groups": '"spring", "autumn"' }),
  "/named": () =>
    page("named", { ...day, "x-name": "Gr\u00f6\u00dfe", "cache-tag": "Gr\u00f6\u00dfe" }),
  "/renewed": ({ headers }) => {
    if (headers.has("if-none-match")) return unchanged({ ...day, etag: '"one"' });
    // A refresh must not replace the response that a 304 has renewed.
    if (headers.get("user-agent") === "Tidemark") return page("refused", {}, 403);
    return page("renewed", { ...cc("max-age=1"), etag: '"one"' });
  },
  "/varied": (request) =>
    page(`in ${request.headers.get("accept-language")}`, { ...day, vary: "accept-language" }),
  "/large": () => page(longText.repeat(3), day),
  "/purged/by-tag": () => tagged("of-tag, other"),
  "/purged/by-webhook": () => tagged("of-webhook"),
  "/purged/softly": () => page("stored", { ...day, etag: '"soft"', "cache-tag": "of-soft" }),
  [ownPage]: () => page("own", cc("private")),
  [heldPage]: () => new Promise<Response>(() => undefined),
  [hotPage]: () => page("hot", cc("max-age=170")),
};

const at = "Tue, 01 Jan 2030 08:00:00 GMT";

/** @param told "stored" for the first texts of the pages; otherwise the text of all pages */
export const scriptOf =
  (told: string): Script =>
  (request) => {
    const { pathname } = new URL(request.url);
    if (request.method !== "GET") {
      const headers = pathname === groupEnding ? { "cache-group-invalidation": '"spring"' } : {};
      return new Response(null, { status: 204, headers });
    }
    return told === "stored"
      ? (scripted[pathname]?.(request) ?? page("stored", day))
      : page(told, day);
  };

/**
 * The shared environment of several isolates: a clock, a database, one colo's cache and an origin.
 */
export class SharedPlaces {
  readonly clock = new FakeClock();
  readonly upstash = new FakeUpstash(this.clock);
  readonly origin = new OriginInProcess(scriptOf("stored"));
  readonly cache = new FakeCache(this.clock);

  /** Creates places with another version's data, and an origin with new texts. */
  static found(forms: Forms): SharedPlaces {
    const places = new SharedPlaces();
    places.clock.atMs = forms.atMs;
    places.upstash.lay(forms.database);
    places.cache.lay(forms.cache);
    places.origin.script = scriptOf("new");
    return places;
  }

  open(worker: string, own: ConfigInput = config): Promise<Isolate> {
    const { clock, cache, upstash, origin } = this;
    const around = { clock, cache, upstash, origin, config: own, env: { ...env, COLO: "HAM" } };
    return Isolate.open(worker, around);
  }
}

/**
 * Purges, without waiting until the isolate has read the entry back, which takes half of N in real
 * time.
 */
export async function purge(isolate: Isolate, order: object): Promise<Seen> {
  const init = { method: "POST", headers: bearer, body: JSON.stringify(order) };
  return accepted(await read(await isolate.ask("/_cache/purge", init)));
}

/** Sends the same webhook each time. */
export async function sendWebhook(
  isolate: Isolate,
  { clock }: Pick<SharedPlaces, "clock">,
): Promise<Seen> {
  const atSeconds = Math.floor(clock.atMs / 1_000);
  const headers = signedHeaders(webhook, { id: "msg_of_site", atSeconds });
  const init = { method: "POST", headers, body: webhook };
  return accepted(await read(await isolate.ask("/_cache/purge", init)));
}

function accepted(seen: Seen): Seen {
  if (seen.status === 200) return seen;
  throw new Error(`A purge was answered ${seen.status}: ${seen.text}`);
}

/** Returns the journal's entries as operators read them. */
export async function journalOf(isolate: Isolate): Promise<unknown> {
  const answer = await isolate.ask("/_cache/journal", { headers: bearer });
  const journal = (await answer.json()) as { readonly entries: readonly object[] };
  // The last release knows no releases of a site.
  const entries = journal.entries.map((entry) => ({ ...entry, releases: undefined }));
  return { ...journal, entries };
}

/** Sends a Worker all these requests. @param worker from `openWorker` */
export async function lived(worker: string): Promise<Forms> {
  const places = new SharedPlaces();
  const { clock, upstash, cache } = places;
  const isolate = await places.open(worker);
  await losesItsJournal(isolate, places);
  await storesAndPurges(isolate, places);
  const journal = await journalOf(isolate);
  return { atMs: clock.atMs, database: upstash.kept, cache: cache.kept, journal };
}

/** Stores all pages, and purges some of them in each way. */
export async function storesAndPurges(
  isolate: Isolate,
  places: Pick<SharedPlaces, "clock" | "origin">,
): Promise<void> {
  const { clock } = places;
  // Renew this page before the other pages are fetched, because the renewal advances the clock.
  await isolate.get("/renewed");
  clock.advance(5);
  await isolate.get("/renewed");
  for (const { path, headers } of standing) await askTwice(isolate, path, headers && { headers });
  for (const path of [...purged, softlyPurged]) await askTwice(isolate, path);
  await heats(isolate, places);
  await purge(isolate, { tags: ["of-tag", "nobody"], reason: "changed" });
  await purge(isolate, { urls: [`https://${host}/purged/by-url`] });
  await purge(isolate, { prefixes: ["/purged/below/"] });
  await purge(isolate, { routes: ["section"] });
  await purge(isolate, { tags: ["of-soft"], mode: "soft" });
  await sendWebhook(isolate, places);
  // Also waits for the background work of purges.
  await isolate.get("/posts/1", { method: "POST" });
  await isolate.get(ownPage);
  void isolate.ask(heldPage).catch(() => undefined);
  await until(() => places.origin.asked.some(({ path }) => path === heldPage));
}

/**
 * Requests a path twice, because some bodies are stored in some tiers only on the second request.
 */
async function askTwice(isolate: Isolate, path: string, init?: AskInit): Promise<void> {
  await isolate.get(path, init);
  await isolate.get(path, init);
}

/**
 * Begins a journal, and empties it. This leaves a mark that names the loss.
 */
async function losesItsJournal(isolate: Isolate, { clock, upstash }: SharedPlaces): Promise<void> {
  await isolate.get("/first");
  await purge(isolate, { tags: ["nobody"] });
  upstash.journal.empty();
  clock.advance(30);
  await isolate.get("/first");
  clock.advance(30);
  await isolate.get("/first");
}

async function heats(isolate: Isolate, { clock }: Pick<SharedPlaces, "clock">): Promise<void> {
  for (let asked = 0; asked < 3; asked += 1) await isolate.get(hotPage);
  clock.advance(61);
  await isolate.get(hotPage);
}
