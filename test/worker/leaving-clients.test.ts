// Tests clients that leave before they have read the body, on workerd, which ends the work of such
// requests. The bytes that were held for these clients are released.
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Colo } from "../../local/colo.ts";
import { Running } from "../../local/running.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { StalledClients } from "../../testing/worker/stalled-clients.ts";
import { startWorld, storesSettled, until, type World } from "../../testing/worker/world.ts";

const mebibyte = 1_048_576;
const filler = Buffer.alloc(4 * mebibyte, "0123456789abc");
const bytesOf: Readonly<Record<string, number>> = { big: filler.length, held: mebibyte };
/** The number of pages whose bodies are more than twice the bytes that fills may hold. */
const pages = 20;
/**
 * The number of pages whose bodies exceed the memory tier and the bytes held for clients together.
 */
const heldPages = 36;

let running: Running;
let world: World;
let clients: StalledClients;

beforeEach(async () => {
  running = new Running();
  clients = new StalledClients();
  const origin = await running.add(
    startScriptedOrigin(({ url = "" }, response) => {
      const bytes = filler.subarray(0, bytesOf[url.split("/")[1] ?? ""] ?? 1_000);
      const fields = { "cache-control": "max-age=600", "content-length": bytes.length };
      // The delay lets concurrent requests join.
      setTimeout(() => response.writeHead(200, fields).end(bytes), 100);
    }),
  );
  const config = "{ limits: { memoryBytes: 16_777_216 } }";
  world = await running.add(startWorld({ originUrl: origin.url, config }));
});
afterEach(async () => {
  clients.leave();
  await running.stop();
});

it.each([1, 4])("the bytes of large pages are released if %i clients leave", async (count) => {
  const colo = world.colos[0]!;
  for (let nth = 1; nth <= pages; nth += 1) {
    await clients.ask(colo.url, Array<string>(count).fill(`/big/${nth}`));
    clients.leave();
  }
  await expect(isGivenBack(colo)).resolves.toBe(undefined);
});

it("the bytes of pages that memory evicts are released if stalled clients leave", async () => {
  const colo = world.colos[0]!;
  const stalled = Array.from({ length: heldPages }, () => new StalledClients());
  for (const [nth, client] of stalled.entries()) {
    const path = `/held/${nth}`;
    await until(async () => {
      const { headers } = await rawRequest(colo.url, path);
      await storesSettled(colo);
      return cacheStatusOf({ headers }).includes("detail=memory");
    }, `${path} to be held in memory`);
    // The connection would buffer the whole body of one request.
    await client.ask(colo.url, [path], 6);
    client.leave();
  }
  await expect(isGivenBack(colo)).resolves.toBe(undefined);
}, 60_000);

/** Waits until a page is stored in memory, because a fill without free bytes skips memory. */
async function isGivenBack(colo: Colo): Promise<void> {
  await storesSettled(colo);
  let nth = 0;
  await until(async () => {
    nth += 1;
    await rawRequest(colo.url, `/small/${nth}`);
    await storesSettled(colo);
    const again = await rawRequest(colo.url, `/small/${nth}`);
    return cacheStatusOf(again).includes("detail=memory");
  }, "a page to be held in memory again");
}
