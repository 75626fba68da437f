// Tests the promise of purges on the built Worker. N seconds (`maxLagSeconds`) after a purge's 200
// no colo answers with the old page, from any tier. This includes a response that was still on its
// way.
import { describe, expect, it } from "vitest";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { adminToken, sleep, storesSettled, until } from "../../testing/worker/world.ts";
import { worldOfFile } from "../../testing/worker/world-of-file.ts";

const maxLagMs = 1_000;
/** The current version of each path at the origin. */
const versions = new Map<string, number>();
const held: (() => void)[] = [];
let heldPath = "";

const world = await worldOfFile(
  (request, response) => {
    const path = request.url ?? "";
    const version = versions.get(path) ?? 1;
    const answer = () => {
      const tag = withBytes(path.split("/")[1] ?? "");
      response.writeHead(200, { "cache-control": "max-age=600", "cache-tag": tag });
      response.end(`version ${version}`);
    };
    if (path === heldPath) held.push(answer);
    else answer();
  },
  {
    colos: 3,
    config: `{
      purge: { maxLagSeconds: ${maxLagMs / 1_000}, clockAllowanceSeconds: 0.2 },
      routes: [
        { name: "in-memory", match: "/memory/*", tiers: ["memory"] },
        { name: "at-the-edge", match: "/edge/*", tiers: ["edge"] },
        { name: "shared", match: "/shared/*", tiers: ["shared"] },
      ],
    }`,
  },
);

/** Decodes each percent escape to one Latin-1 character, which Node writes as one byte. */
function withBytes(text: string): string {
  return text.replaceAll(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const read = async (colo: { url: string }, path: string, headers = {}) =>
  (await rawRequest(colo.url, path, { headers })).body.toString();

const purge = (colo: { url: string }, order: object) =>
  rawRequest(colo.url, "/_cache/purge", {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify(order),
  });

/** Fills every colo, then changes the page at the origin. */
async function filledThenChanged(path: string): Promise<void> {
  for (const colo of world.colos) {
    expect(await read(colo, path)).toBe("version 1");
    await storesSettled(colo);
  }
  versions.set(path, 2);
}

describe("a purge by tag", () => {
  it.each(["memory", "edge", "shared", "every"])(
    "takes effect at once in the accepting colo, and in all colos within N: tiers of the page: %s",
    async (place) => {
      const path = `/${place}/page`;
      await filledThenChanged(path);
      const taker = world.colos[1]!;
      const accepted = await purge(taker, { tags: [place], reason: "a correction" });
      const acceptedAtMs = performance.now();
      expect(accepted.status).toBe(200);
      expect(JSON.parse(accepted.body.toString())).toMatchObject({
        targets: { tags: 1, prefixes: 0 },
        visibleWithinSeconds: maxLagMs / 1_000,
      });
      expect(await read(taker, path)).toBe("version 2");
      await sleep(maxLagMs - (performance.now() - acceptedAtMs));
      for (const colo of world.colos) expect(await read(colo, path)).toBe("version 2");
    },
  );

  it.each([
    { id: "utf-8", path: "/gr%C3%B6%C3%9Fe/page", tag: "größe" },
    { id: "latin-1", path: "/caf%E9/page", tag: "café" },
  ])("matches a tag with letters beyond ASCII: $id", async ({ path, tag }) => {
    await filledThenChanged(path);
    expect((await purge(world.colos[0]!, { tags: [tag] })).status).toBe(200);
    expect(await read(world.colos[0]!, path)).toBe("version 2");
  });
});

it.each([
  ["field", (value: string) => ({ "tidemark-position": value })],
  ["cookie", (value: string) => ({ cookie: `a=1; tidemark-position=${value}` })],
])("the position of a purge shows the change at once in each colo: %s", async (form, fields) => {
  for (const nth of [1, 2]) {
    const path = `/position-${form}-${nth}/page`;
    await filledThenChanged(path);
    const { body } = await purge(world.colos[0]!, { urls: [`http://site.test${path}`] });
    const { sealedPosition } = JSON.parse(body.toString()) as { sealedPosition: string };
    for (const colo of world.colos) {
      expect(await read(colo, path, fields(sealedPosition))).toBe("version 2");
    }
  }
});

describe("a purge by URL or everything", () => {
  it.each([
    ["url", (path: string) => ({ urls: [`http://site.test${path}`] })],
    ["everything", () => ({ everything: true })],
  ])("takes effect in all colos within N: %s", async (id, order) => {
    const path = `/by-${id}/page`;
    await filledThenChanged(path);
    expect((await purge(world.colos[0]!, order(path))).status).toBe(200);
    await sleep(maxLagMs);
    for (const colo of world.colos) expect(await read(colo, path)).toBe("version 2");
  });
});

describe("a response that was under way when its purge was accepted", () => {
  it("is not served by any colo later than N after the acceptance", async () => {
    const path = "/under-way/page";
    const [first, second] = [world.colos[0]!, world.colos[1]!];
    heldPath = path;
    const early = read(first, path);
    await until(async () => held.length === 1, "the request to reach the origin");
    heldPath = "";
    versions.set(path, 2);
    expect((await purge(second, { tags: ["under-way"] })).status).toBe(200);
    const acceptedAtMs = performance.now();
    await sleep(maxLagMs / 2);
    for (const answer of held.splice(0)) answer();
    expect(await early).toBe("version 1");
    await storesSettled(first);
    await sleep(maxLagMs - (performance.now() - acceptedAtMs));
    for (const colo of world.colos) expect(await read(colo, path)).toBe("version 2");
  });
});
