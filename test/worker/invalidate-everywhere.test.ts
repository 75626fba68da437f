// Tests an unsafe request whose client disconnects, on workerd, which ends the work of such
// requests. The request still invalidates the page in each colo within N + 1 s.
import { connect } from "node:net";
import { expect, it } from "vitest";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { sleep, storesSettled, until } from "../../testing/worker/world.ts";
import { worldOfFile } from "../../testing/worker/world-of-file.ts";

const maxLagMs = 1_000;
const joinMs = 1_000;
const versions = new Map<string, number>();
const held: (() => void)[] = [];

const { colos } = await worldOfFile(
  ({ url: path = "", method }, response) => {
    const version = versions.get(path) ?? 1;
    if (method === "GET") {
      response.writeHead(200, { "cache-control": "max-age=600" }).end(`version ${version}`);
      return;
    }
    held.push(() => {
      versions.set(path, version + 1);
      response.writeHead(204).end();
    });
  },
  {
    colos: 2,
    config: `{
      purge: { maxLagSeconds: ${maxLagMs / 1_000}, clockAllowanceSeconds: 0.2 },
      routes: [{ name: "all", match: "*", invalidate: "everywhere" }],
    }`,
  },
);

it("an unsafe request invalidates in all colos if its client leaves early", async () => {
  for (const colo of colos) {
    // The first request begins the empty journal with an entry that covers everything.
    await until(async () => {
      const answer = await rawRequest(colo.url, "/left");
      await storesSettled(colo);
      return cacheStatusOf(answer).includes("; hit");
    }, "a hit");
  }
  const { hostname, port } = new URL(colos[0]!.url);
  const client = connect(Number(port), hostname);
  client.write("POST /left HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n");
  await until(async () => held.length === 1, "the write to arrive");
  client.resetAndDestroy();
  await sleep(300);
  held[0]?.();
  await sleep(maxLagMs + joinMs + 100);
  for (const { url } of colos) {
    expect((await rawRequest(url, "/left")).body.toString()).toBe("version 2");
  }
});
