// Tests validation, HEAD and ranges on workerd. After a 304 of the origin, the Worker does not write the
// body to Redis again.
import { expect, it } from "vitest";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { storesSettled, tierCommands } from "../../testing/worker/world.ts";
import { beginJournal, worldOfFile } from "../../testing/worker/world-of-file.ts";

// For a body of this size, asking whether Redis has it is cheaper than sending it again.
const bodyBytes = 160_000;
const modifiedAt = "Mon, 02 Nov 2026 10:00:00 GMT";
/**
 * A response that arrives stale, but without `no-cache`, which requires validation at every use.
 */
const stale = { "cache-control": "max-age=1", age: "1" };
const fieldsByPath: Readonly<Record<string, Record<string, string>>> = {
  "/etag": { ...stale, etag: '"v1"' },
  "/modified": { ...stale, "last-modified": modifiedAt },
  "/always": { "cache-control": "no-cache", etag: '"v1"' },
  "/parts": { "cache-control": "max-age=600" },
  "/shared": { "cache-control": "s-maxage=600", "last-modified": modifiedAt },
};
let bodiesSent = 0;

const world = await worldOfFile(
  ({ url = "", headers }, response) => {
    const isSame =
      headers["if-none-match"] === '"v1"' || headers["if-modified-since"] === modifiedAt;
    if (isSame) {
      response.writeHead(304, fieldsByPath[url]).end();
      return;
    }
    bodiesSent += 1;
    response.writeHead(200, { ...fieldsByPath[url], "content-length": bodyBytes });
    response.end("x".repeat(bodyBytes));
  },
  { config: `{ routes: [{ name: "shared", match: "/*", tiers: ["shared"] }] }` },
);
await beginJournal(world);

/** Fills the shared tier, and resets the counts. */
async function filled(path: string): Promise<void> {
  bodiesSent = 0;
  await rawRequest(world.url, path);
  await storesSettled(world.colo);
  world.rest.resetCounts();
}

it.each([
  ["by its ETag", "/etag", { GETRANGE: 2, SETRANGE: 1, PEXPIRE: 1 }],
  ["by its date", "/modified", { GETRANGE: 2, SETRANGE: 1, PEXPIRE: 1 }],
  ["at every use, without a write", "/always", { GETRANGE: 1 }],
])(
  "validates a stored response without sending its body again: %s",
  async (_id, path, commands) => {
    await filled(path);
    const answer = await rawRequest(world.url, path);
    await storesSettled(world.colo);
    expect(cacheStatusOf(answer)).toBe("tidemark; fwd=stale; fwd-status=304; stored");
    expect(answer.body.byteLength).toBe(bodyBytes);
    expect(bodiesSent).toBe(1);
    expect(tierCommands(world)).toEqual(commands);
    expect(world.rest.counts().requestBytes).toBeLessThan(5_000);
  },
);

it("answers HEAD and ranges from the stored response", async () => {
  await filled("/parts");
  const head = await rawRequest(world.url, "/parts", { method: "HEAD" });
  expect([head.body.byteLength, head.headers["content-length"]]).toEqual([0, String(bodyBytes)]);
  const part = await rawRequest(world.url, "/parts", { headers: { range: "bytes=10-19" } });
  expect([part.status, part.body.byteLength]).toEqual([206, 10]);
  expect(part.headers["content-range"]).toBe(`bytes 10-19/${bodyBytes}`);
  expect(bodiesSent).toBe(1);
});

it("lets browsers validate a page that has a lifetime for shared caches alone", async () => {
  for (const headers of [{}, {}, { "if-modified-since": modifiedAt }]) {
    const answer = await rawRequest(world.url, "/shared", { headers });
    expect(answer.headers["cache-control"]).toBe("max-age=0, must-revalidate");
  }
});
