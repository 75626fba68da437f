// What a site stores in scenes that bring every member of a record, and every way to write one: as it
// lies in Redis and in the Cache API.
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { type AskInit, openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, page, type Script, unchanged } from "../../../testing/fakes/origin-in-process.ts";

/** A record as it lies in a tier; of its head, the random field of the stamp is blotted out. */
export interface Lying {
  readonly scene: string;
  readonly tier: "edge" | "shared";
  readonly head: string;
  /** Of the shared tier: the body's text, or how long it is where that is much. */
  readonly body?: string | number;
  /** Of the edge tier: does the body lie apart, at an address of its own? */
  readonly isApart?: boolean;
}

/** After so long, what may be fresh for a minute is validated. */
const staleAfterSeconds = 61;

interface Scene {
  readonly origin: Script;
  /** With a pause after each. */
  readonly asked: readonly (readonly [path: string, init?: AskInit])[];
}

const prose = "The tide went out twice. ".repeat(400);
const large = (bytes: number) => {
  const drawn = new Uint8Array(bytes);
  let state = 1;
  for (let at = 0; at < bytes; at += 1) drawn[at] = state = (state * 75 + 74) % 65_537;
  return drawn;
};
const typed = (type: string, fields: Record<string, string>) => ({
  "content-type": type,
  ...fields,
});

const scenes: Readonly<Record<string, Scene>> = {
  variants: {
    origin: (request) =>
      page(`for ${request.headers.get("accept-language")}`, {
        ...cc("max-age=600"),
        vary: "Accept-Language, X-Absent",
      }),
    asked: ["de", "en"].map((language) => ["/a", { headers: { "accept-language": language } }]),
  },
  "tags and groups": {
    origin: () =>
      page("tagged", {
        ...cc("max-age=60, stale-while-revalidate=30"),
        "cache-groups": '"one", "zwei", "one"',
        "surrogate-key": "b a",
        "cache-tag": "c,größe",
        etag: '"v1"',
        "x-latin": "caf\u00e9",
      }),
    asked: [["/a", { headers: { "user-agent": "Browser/1", accept: "text/html" } }]],
  },
  "tags and groups of fields that may not be stored": {
    origin: () =>
      page("withheld", {
        ...cc('max-age=60, private="cache-groups, cache-tag"'),
        "cache-groups": '"one"',
        "cache-tag": "c",
        "surrogate-key": "a",
      }),
    asked: [["/a"]],
  },
  "groups that a 304 does not name": {
    origin: (request) =>
      request.headers.has("if-none-match")
        ? unchanged(cc("max-age=60"))
        : page("page", { ...cc("max-age=60"), "cache-groups": '"one"', etag: '"v1"' }),
    asked: [["/a"], ["/a"]],
  },
  "groups that a 304 names anew": {
    origin: (request) =>
      request.headers.has("if-none-match")
        ? unchanged({ ...cc("max-age=60"), "cache-groups": '"two"' })
        : page("page", { ...cc("max-age=60"), "cache-groups": '"one"', etag: '"v1"' }),
    asked: [["/a"], ["/a"]],
  },
  "text that is packed": { origin: () => page(prose, cc("max-age=60")), asked: [["/a"]] },
  "a large body that a 304 leaves as it is": {
    origin: (request) =>
      request.headers.has("if-none-match")
        ? unchanged({ ...cc("max-age=60"), etag: '"v1"' })
        : new Response(large(120_000), {
            headers: typed("image/png", { ...cc("max-age=60"), etag: '"v1"' }),
          }),
    asked: [["/a"], ["/a"]],
  },
  "a body that is streamed": {
    origin: () => new Response(large(1_200_000), { headers: typed("video/mp4", cc("max-age=60")) }),
    asked: [["/a"]],
  },
  "an error that waits for a second ask": {
    origin: () => page("nothing", cc("max-age=60"), 404),
    asked: [["/a"]],
  },
};

/** Everything that the scenes leave: in their order, and within one in that of its writes. */
export async function played(): Promise<Lying[]> {
  const all: Lying[] = [];
  for (const [scene, { origin, asked }] of Object.entries(scenes)) {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const limits = { bufferBytes: 1_048_576 };
    const site = openSite({ clock, upstash, origin, config: { limits } });
    for (const [path, init] of asked) {
      await site.get(path, init);
      clock.advance(staleAfterSeconds);
    }
    // Nothing that the last of them has left is over yet.
    clock.advance(-staleAfterSeconds);
    all.push(...(await atEdge(site, scene)), ...(await inShared(upstash, scene)));
  }
  return all;
}

async function atEdge({ cache }: Site, scene: string): Promise<Lying[]> {
  const lying: Lying[] = [];
  for (const address of cache.addresses) {
    const { headers } = (await cache.match(address)) ?? new Response();
    const head = headers.get("tidemark-record");
    if (head === null) continue;
    lying.push({ scene, tier: "edge", head: blotted(head), isApart: headers.has("tidemark-body") });
  }
  return lying;
}

async function inShared(upstash: FakeUpstash, scene: string): Promise<Lying[]> {
  const lying: Lying[] = [];
  for (const key of upstash.keys) {
    const answer = await upstash.answer("/", ["GETRANGE", key, 0, -1]);
    const { result } = (await answer.json()) as { result: string };
    const [head = "", text = ""] = result.split("\n");
    const body = text.length < 2_000 ? text : text.length;
    lying.push({ scene, tier: "shared", head: blotted(head), body });
  }
  return lying;
}

/** The random field of a stamp is drawn anew at each run. */
function blotted(head: string): string {
  return head.replaceAll(/"n":"([^"]*)"/g, (_, n: string) => `"n":"${"x".repeat(n.length)}"`);
}
