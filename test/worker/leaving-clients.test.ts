// Clients that leave before they have read, on workerd, which drops what nobody waits for: what was
// held for them is given back.
import { afterEach, beforeEach, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { startScriptedOrigin } from "../fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "./raw-request.ts";
import { StalledClients } from "./stalled-clients.ts";
import { startWorld, storesSettled, until, type World } from "./world.ts";

const filler = Buffer.alloc(4_194_304, "0123456789abc");
/** All together more than twice what fills may hold. */
const pages = 20;

let running: Running;
let world: World;
let clients: StalledClients;

beforeEach(async () => {
  running = new Running();
  clients = new StalledClients();
  const origin = await running.add(
    startScriptedOrigin(({ url = "" }, response) => {
      const bytes = url.startsWith("/big/") ? filler : filler.subarray(0, 1_000);
      const fields = { "cache-control": "max-age=600", "content-length": bytes.length };
      // Those who ask at once are to find each other.
      setTimeout(() => response.writeHead(200, fields).end(bytes), 100);
    }),
  );
  world = await running.add(startWorld({ originUrl: origin.url }));
});
afterEach(async () => {
  clients.leave();
  await running.stop();
});

it.each([1, 4])(
  "%i on each of many large pages",
  async (count) => {
    const colo = world.colos[0]!;
    for (let nth = 1; nth <= pages; nth += 1) {
      await clients.ask(colo.url, Array<string>(count).fill(`/big/${nth}`));
      clients.leave();
    }
    await storesSettled(colo);
    let nth = 0;
    const isGivenBack = async () => {
      nth += 1;
      await rawRequest(colo.url, `/small/${nth}`);
      await storesSettled(colo);
      const again = await rawRequest(colo.url, `/small/${nth}`);
      return cacheStatusOf(again).includes("detail=memory");
    };
    await expect(until(isGivenBack, "a page to be held in memory again")).resolves.toBe(undefined);
  },
  60_000,
);
