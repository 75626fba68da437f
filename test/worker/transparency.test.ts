// Compares the demo site with the demo site through Tidemark. Each kind of page has the same status,
// body and fields, except for the fields that a cache may change.
import { afterAll, describe, expect, it } from "vitest";
import { startDemoOrigin } from "../../local/demo-origin/demo-origin.ts";
import { Running } from "../../local/running.ts";
import { type RawAnswer, rawRequest } from "../../testing/worker/raw-request.ts";
import { startWorld, storesSettled } from "../../testing/worker/world.ts";

// The clock does not advance, so that two responses for a page are identical.
const nowAtMs = () => Date.UTC(2030, 0, 1);
const running = new Running();
afterAll(() => running.stop());
const origin = await running.add(
  startDemoOrigin({ queryMs: 0, nowAtMs, siteUrl: "https://site.test" }),
);
const world = await running.add(startWorld({ originUrl: origin.url }));
const colo = world.colos[0]!;

/** Fields of the connection, and fields that a cache adds. */
const ofTheHop = ["connection", "keep-alive", "transfer-encoding", "age", "cache-status"];
/** Fields for shared caches, which Tidemark removes. */
const forUs = ["cache-tag", "surrogate-key"];

function comparable(answer: RawAnswer) {
  // A server that compresses while it sends does not know the length. The bodies are compared
  // below.
  const ofPacking = answer.headers["content-encoding"] === undefined ? [] : ["content-length"];
  const left = [...ofTheHop, ...forUs, ...ofPacking];
  const fields = Object.entries(answer.headers)
    .filter(([name]) => !left.includes(name))
    .map(([name, value]) => [name, name === "cache-control" ? withoutShared(value) : value]);
  return {
    status: answer.status,
    fields: Object.fromEntries(fields) as unknown,
    body: answer.body,
  };
}

function withoutShared(value: unknown): string {
  const members = String(value).split(/,\s*/);
  return members.filter((member) => !member.startsWith("s-maxage")).join(", ");
}

/** The demo has 60 articles, each with an image, which differ only in their text. */
const ofEachFolderMax = 8;

/** Returns the linked pages of each kind. */
async function somePages(): Promise<string[]> {
  const found = new Set(["/"]);
  const countByFolder = new Map<string, number>();
  for (const path of found) {
    const { body, headers } = await rawRequest(origin.url, path);
    if (!String(headers["content-type"]).includes("html")) continue;
    for (const [, link = ""] of body.toString().matchAll(/(?:href|src)="(\/[^"#]*)"/g)) {
      const page = link.replaceAll("&amp;", "&");
      const folder = /^\/(.*)\//.exec(page)?.[1] ?? page;
      const count = countByFolder.get(folder) ?? 0;
      if (found.has(page) || count >= ofEachFolderMax) continue;
      countByFolder.set(folder, count + 1);
      found.add(page);
    }
  }
  const more = ["/feed.json", "/rss.xml", "/breaking", "/healthz", "/search?q=harbour", "/me"];
  const others = ["/nothing-here", "/feed?page=999", "/feed?page=x", "/log-in"];
  for (const path of [...more, ...others]) found.add(path);
  for (const path of found) {
    if (path.startsWith("/articles/") && !path.endsWith(".json")) found.add(`${path}.json`);
  }
  return [...found];
}

describe("a page of the demo", () => {
  it.each(["identity", "gzip"])("is identical through Tidemark: %s", async (coding) => {
    const pages = await somePages();
    expect(pages.length).toBeGreaterThan(40);
    const sent = { headers: { "accept-encoding": coding } };
    for (const path of pages) {
      const direct = comparable(await rawRequest(origin.url, path, sent));
      for (const turn of ["miss", "hit"]) {
        const through = comparable(await rawRequest(colo.url, path, sent));
        expect({ path, turn, ...through }).toEqual({ path, turn, ...direct });
      }
    }
    await storesSettled(colo);
  });

  it("has the same fields for HEAD", async () => {
    for (const path of ["/feed.json", "/rss.xml", "/nothing-here", "/search?q=x"]) {
      const head = { method: "HEAD" };
      const direct = comparable(await rawRequest(origin.url, path, head));
      expect(comparable(await rawRequest(colo.url, path, head))).toEqual(direct);
    }
  });
});
