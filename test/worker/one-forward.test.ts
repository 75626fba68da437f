// Tests how many requests reach the origin if many clients in three colos request one page at the
// same time, on workerd.
// Needs parts: global-collapse.
import { connect } from "node:net";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { patientBundle } from "../../testing/patient-timeouts.ts";
import { cacheStatusOf, type RawAnswer, rawRequest } from "../../testing/worker/raw-request.ts";
import { startWorld, statsOf, until, type World } from "../../testing/worker/world.ts";

let running = new Running();

afterEach(async () => {
  await running.stop();
  running = new Running();
});

interface Held {
  readonly origin: ScriptedOrigin;
  readonly world: World;
  /** Answers the waiting requests, and all later requests at once. */
  readonly open: () => void;
}

/** Starts three colos with an origin that answers after a call of `open`. */
async function held(fields: Record<string, string>): Promise<Held> {
  const waiting: ServerResponse[] = [];
  let isOpen = true;
  const answer = (response: ServerResponse) => response.writeHead(200, fields).end("page");
  const origin = await running.add(
    startScriptedOrigin((_, response) => {
      if (isOpen) answer(response);
      else waiting.push(response);
    }),
  );
  const config = '{ routes: [{ name: "all", match: "*", use: [globalCollapse()] }] }';
  // On a busy machine, the database may answer too late for a lock.
  const world = await running.add(
    startWorld({ originUrl: origin.url, colos: 3, config, plugins: [patientBundle] }),
  );
  // The first request begins the empty journal with an entry that covers everything.
  for (const { url } of world.colos) await rawRequest(url, "/before");
  isOpen = false;
  const open = () => {
    isOpen = true;
    for (const response of waiting.splice(0)) answer(response);
  };
  return { origin, world, open };
}

function crowd({ colos }: World, count: number): Promise<RawAnswer>[] {
  return colos.flatMap(({ url }) => Array.from({ length: count }, () => rawRequest(url, "/page")));
}

async function everyColoWaits({ colos }: World): Promise<void> {
  await until(async () => {
    const stats = await Promise.all(colos.map(statsOf));
    return stats.every(({ fillsUnderWay }) => fillsUnderWay > 0);
  }, "every colo to wait for the page");
}

const bodies = (answers: readonly RawAnswer[]) =>
  new Set(answers.map(({ status, body }) => `${status} ${body.toString()}`));

describe("a page that clients of three colos request at the same time", () => {
  it("causes one request to the origin with a lock", async () => {
    const { origin, world, open } = await held({ "cache-control": "max-age=600" });
    const asking = crowd(world, 50);
    await everyColoWaits(world);
    open();
    const answers = await Promise.all(asking);
    expect(bodies(answers)).toEqual(new Set(["200 page"]));
    expect(origin.count("/page")).toBe(1);
    // A request that arrives a little later finds the stored page.
    const spared = answers.filter((answer) => /collapsed|; hit/.test(cacheStatusOf(answer)));
    expect(spared).toHaveLength(149);
  });

  it("causes a request to the origin for each client if the page is private", async () => {
    const { origin, world, open } = await held({ "cache-control": "private" });
    const asking = crowd(world, 20);
    await everyColoWaits(world);
    open();
    expect(bodies(await Promise.all(asking))).toEqual(new Set(["200 page"]));
    // In addition, each colo may send one anonymous request, which finds that the page is private.
    expect(origin.count("/page")).toBeGreaterThan(60);
    expect(origin.count("/page")).toBeLessThanOrEqual(60 + 3);
  });

  it("answers the other clients if the first client resets its connection", async () => {
    const { origin, world, open } = await held({ "cache-control": "max-age=600" });
    const { hostname, port } = new URL(world.colos[0]!.url);
    const client = connect(Number(port), hostname);
    await once(client, "connect");
    client.write("GET /page HTTP/1.1\r\nhost: site.test\r\n\r\n");
    await until(async () => origin.count("/page") === 1, "the first request to be at the origin");
    const asking = crowd(world, 20);
    await everyColoWaits(world);
    client.resetAndDestroy();
    open();
    expect(bodies(await Promise.all(asking))).toEqual(new Set(["200 page"]));
    // The isolate of the first client may request the page again, and so may another colo by the
    // lock.
    expect(origin.count("/page")).toBeLessThanOrEqual(3);
  });
});
