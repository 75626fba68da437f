// Tests hot keys on the built Worker. The scheduled handler reads reports from a real Redis stream,
// and refreshes the reported keys for all colos.
import { expect, it } from "vitest";
import type { HotKeyNote } from "../../../src/parts/hot-keys/note.ts";
import { cacheStatusOf, rawRequest } from "../../../testing/worker/raw-request.ts";
import { storesSettled, until } from "../../../testing/worker/world.ts";
import { beginJournal, worldOfFile } from "../../../testing/worker/world-of-file.ts";

const world = await worldOfFile(
  (request, response) => {
    response.writeHead(200, { "cache-control": "max-age=80", vary: "accept-language" });
    response.end(`page ${request.headers["accept-language"]}`);
  },
  { colos: 2, config: "{ parts: [operate(), hotKeys(10)] }" },
);
await beginJournal(world);
const { origin } = world;

const german = { headers: { "accept-language": "de" } };

/** Appends a report like that of an isolate after a minute with hits. */
async function tell(notes: readonly unknown[]): Promise<void> {
  const command = ["XADD", "tidemark:hot", "*", "v", "1", "top", JSON.stringify(notes)];
  const answer = await fetch(world.rest.url, {
    method: "POST",
    headers: { authorization: `Bearer ${world.rest.token}` },
    body: JSON.stringify(command),
  });
  expect(answer.status).toBe(200);
}

it("the scheduled handler refreshes a reported key in the shared tier", async () => {
  const [first, second] = [world.colos[0]!, world.colos[1]!];
  await rawRequest(first.url, "/a", german);
  await storesSettled(first);
  const note: HotKeyNote = {
    url: "http://site.test/a",
    fields: [["accept-language", "de"]],
    expiresAtMs: Date.now() + 80_000,
    count: 2,
  };
  await tell([{ ...note, url: "http://elsewhere.test/a" }, note, "nonsense"]);
  // On a busy machine, a run's reads can exceed their timeout. As in production, the next run follows.
  await until(async () => {
    await second.fireCron();
    return origin.seen.length > 1;
  }, "the refresh");
  expect(origin.seen.map(({ url, headers }) => [url, headers["accept-language"]])).toEqual([
    ["/a", "de"],
    ["/a", "de"],
  ]);
  expect(world.rest.counts().commandCountByName["XREVRANGE"]).toBeGreaterThan(0);
  const seen = await rawRequest(second.url, "/a", german);
  expect(seen.body.toString()).toBe("page de");
  expect(cacheStatusOf(seen)).toMatch(/^tidemark; hit; ttl=(?:80|7\d); detail=memory$/);
});

it("a client's request cannot call the scheduled handler", async () => {
  const before = origin.seen.length;
  for (const path of ["/cdn-cgi/local/scheduled", "/cdn-cgi/handler/scheduled"]) {
    const seen = await rawRequest(world.colos[0]!.url, path, german);
    expect([seen.body.toString(), cacheStatusOf(seen)]).toEqual([
      "page de",
      "tidemark; fwd=uri-miss; fwd-status=200; stored",
    ]);
  }
  expect(origin.seen.length).toBe(before + 2);
});
