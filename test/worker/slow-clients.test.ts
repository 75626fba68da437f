// Tests 200 clients that send requests and read no response: the memory that they cost, and the
// answers to other clients meanwhile.
import { afterEach, beforeEach, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { workerdMebibytes } from "../../testing/worker/process-memory.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { StalledClients } from "../../testing/worker/stalled-clients.ts";
import { sleep, startWorld, storesSettled, type World } from "../../testing/worker/world.ts";

const kibibyte = 1_024;
const stalledCount = 200;
/** How long the stalled clients read nothing, while other clients send requests. */
const stallMs = 5_000;
/** A request that depended on a stalled client would wait 20 s, until that client is aborted. */
const otherMsMax = 15_000;

/** The largest body. It exceeds the bytes that a loopback connection buffers for its receiver. */
const filler = Buffer.alloc(16_384 * kibibyte, "0123456789abc");
let running: Running;
let world: World;
let stalled: StalledClients;

beforeEach(async () => {
  running = new Running();
  stalled = new StalledClients();
  const origin = await running.add(
    startScriptedOrigin(({ url = "" }, response) => {
      const bytes = Number(new URL(url, "http://origin.invalid").searchParams.get("bytes"));
      response.writeHead(200, { "cache-control": "max-age=600", "content-length": bytes });
      response.end(filler.subarray(0, bytes));
    }),
  );
  world = await running.add(
    startWorld({ originUrl: origin.url, config: "{ limits: { bufferBytes: 16_777_216 } }" }),
  );
});
afterEach(async () => {
  stalled.leave();
  await running.stop();
});

/**
 * Each client sends `times` requests at once on its connection, which buffers about 2.5 MiB. The
 * process may grow by `grownMebibytesMax`: one copy of a stored body for all clients, a piece of it
 * for each client, and the runtime's own memory.
 */
const rows = [
  { from: "memory", kibibytes: 256, asksBefore: 2, times: 20, grownMebibytesMax: 200 },
  { from: "memory", kibibytes: 1_024, asksBefore: 4, times: 6, grownMebibytesMax: 280 },
  { from: "", kibibytes: 4_096, asksBefore: 0, times: 1, grownMebibytesMax: 350 },
  { from: "edge", kibibytes: 4_096, asksBefore: 2, times: 1, grownMebibytesMax: 350 },
];

it.each(rows)(
  "200 stalled clients cost little memory: $kibibytes KiB after $asksBefore requests",
  async (row) => {
    const { from, kibibytes, asksBefore, times, grownMebibytesMax } = row;
    const colo = world.colos[0]!;
    const path = `/stalled?bytes=${kibibytes * kibibyte}`;
    const ask = async (asked: string) => {
      const answer = await rawRequest(colo.url, asked);
      await storesSettled(colo);
      return cacheStatusOf(answer);
    };
    // A first body of this size makes the runtime allocate the memory that is not counted below.
    await ask(`/other?bytes=${kibibytes * kibibyte}`);
    let cacheStatus = "";
    for (let asked = 0; asked < asksBefore; asked += 1) cacheStatus = await ask(path);
    expect(cacheStatus).toContain(from);
    await ask("/small?bytes=1000");
    const beforeMebibytes = workerdMebibytes();
    await stalled.ask(colo.url, Array<string>(stalledCount).fill(path), times);

    const endAtMs = performance.now() + stallMs;
    let peakMebibytes = 0;
    for (let asked = 0; performance.now() < endAtMs; asked += 1) {
      for (const small of ["/small?bytes=1000", `/new/${asked}?bytes=1000`]) {
        const startedAtMs = performance.now();
        expect((await rawRequest(colo.url, small)).status).toBe(200);
        expect(performance.now() - startedAtMs).toBeLessThan(otherMsMax);
      }
      peakMebibytes = Math.max(peakMebibytes, workerdMebibytes());
      await sleep(20);
    }
    expect(peakMebibytes - beforeMebibytes).toBeLessThan(grownMebibytesMax);
    // The response is stored, although the stalled clients have not read it.
    await storesSettled(colo);
    expect(cacheStatusOf(await rawRequest(colo.url, path))).toContain("hit");
  },
);

it("four stalled clients get the whole body if they read it late", async () => {
  const colo = world.colos[0]!;
  await stalled.ask(colo.url, Array<string>(4).fill(`/late?bytes=${filler.length}`));
  await storesSettled(colo);
  await sleep(stallMs);
  const bodies = await stalled.readOn(filler.length);
  expect(bodies.map((body) => body.equals(filler))).toEqual([true, true, true, true]);
});
