// Tests a crowd on workerd, at an origin that answers 429. The origin gets the crowd's requests a few
// at a time, and clients that disconnect do not keep slots from the others. On workerd, a request
// cannot wait for promises of another request.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { sleep, startWorld, until } from "../../testing/worker/world.ts";

const running = new Running();
afterEach(() => running.stop());

const answerMs = 200;
/** The numbers of clients that disconnect, and of those that wait for their response. */
const [leaving, staying] = [40, 80];

it("a crowd reaches the origin a few requests at a time, though a third of its clients disconnect", async () => {
  const seen = { now: 0, most: 0 };
  const origin = await running.add(slowOrigin(seen));
  const world = await running.add(startWorld({ originUrl: origin.url }));
  const { url } = world.colos[0]!;
  await rawRequest(url, "/before");
  const leader = rawRequest(url, "/page");
  await until(async () => origin.count("/page") === 1, "the first request to be at the origin");
  const sockets = await Promise.all(Array.from({ length: leaving }, () => asks(url)));
  const asking = Array.from({ length: staying }, () => rawRequest(url, "/page"));
  await leader;
  await until(async () => origin.count("/page") > 10, "the waiting requests to reach the origin");
  for (const socket of sockets) socket.resetAndDestroy();
  const sinceMs = performance.now();
  const texts = (await Promise.all(asking)).map(({ body }) => body.toString());
  expect(new Set(texts).size).toBe(staying);
  // A slot is free again after 250 ms, slightly longer than a response takes, so few overlap.
  expect(seen.most).toBeLessThanOrEqual(staying / 2);
  // The wait timeout is 10 s. A slot that is never given back would be held for 30 s.
  expect(performance.now() - sinceMs).toBeLessThan(9_000);
}, 30_000);

/** Delays the first response to /page by 2 s, so that a crowd gathers. */
function slowOrigin(seen: { now: number; most: number }): Promise<ScriptedOrigin> {
  let nth = 0;
  return startScriptedOrigin(async ({ url }, response) => {
    nth += 1;
    const [text, afterMs] = [`own ${nth}`, nth === 2 ? 2_000 : answerMs];
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    await sleep(url === "/page" ? afterMs : 0);
    seen.now -= 1;
    response.writeHead(429).end(text);
  });
}

async function asks(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const client = connect(Number(port), hostname);
  await once(client, "connect");
  client.on("error", () => undefined);
  client.write("GET /page HTTP/1.1\r\nhost: site.test\r\n\r\n");
  return client;
}
