// Tests clients that send requests and do not read the responses: the memory that 200 of them cost,
// and the answers to other clients.
import { afterEach, beforeEach, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { workerdMebibytes } from "../../testing/worker/process-memory.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { StalledClients } from "../../testing/worker/stalled-clients.ts";
import { sleep, startWorld, storesSettled, type World } from "../../testing/worker/world.ts";

const kibibyte = 1_024;
const stalledCount = 200;
/** How long the stalled clients read nothing. */
const stallMs = 5_000;
/** A request that waited for a stalled client would take 20 s, until that client is aborted. */
const otherMsMax = 15_000;

/** The largest body, which exceeds the buffers of a loopback connection. */
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
    startWorld({ originUrl: origin.url, config: "{ limits: { bufferBytes: 12_582_912 } }" }),
  );
});
afterEach(async () => {
  stalled.leave();
  await running.stop();
});

/**
 * `from`: the tier of the last answer before the clients stall; empty without such an answer. Each
 * client sends `times` requests at once, because its connection buffers about 2.5 MiB. The limit
 * `grownMebibytesMax` includes one copy of the body, a piece per client, and the runtime's memory.
 */
const rows = [
  { from: "memory", kibibytes: 256, asksBefore: 2, times: 20, grownMebibytesMax: 200 },
  { from: "memory", kibibytes: 1_024, asksBefore: 4, times: 6, grownMebibytesMax: 280 },
  { from: "", kibibytes: 4_096, asksBefore: 0, times: 1, grownMebibytesMax: 350 },
  { from: "edge", kibibytes: 4_096, asksBefore: 2, times: 1, grownMebibytesMax: 350 },
];

it.each(rows)(
  "200 stalled clients cost little memory, and block no others: $kibibytes KiB after $asksBefore requests",
  async (row) => {
    const { from, kibibytes, asksBefore, times, grownMebibytesMax } = row;
    const colo = world.colos[0]!;
    const path = `/stalled?bytes=${kibibytes * kibibyte}`;
    const ask = async (asked: string) => {
      const answer = await rawRequest(colo.url, asked);
      await storesSettled(colo);
      return cacheStatusOf(answer);
    };
    // The first body of this size makes the runtime allocate memory, which is not counted below.
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
    // The response is stored, although no stalled client has read it.
    await storesSettled(colo);
    expect(cacheStatusOf(await rawRequest(colo.url, path))).toContain("hit");
  },
);

it("four stalled clients get the whole body if they read it after 5 s", async () => {
  const colo = world.colos[0]!;
  await stalled.ask(colo.url, Array<string>(4).fill(`/late?bytes=${filler.length}`));
  await storesSettled(colo);
  await sleep(stallMs);
  const bodies = await stalled.readOn(filler.length);
  expect(bodies.map((body) => body.equals(filler))).toEqual([true, true, true, true]);
});
