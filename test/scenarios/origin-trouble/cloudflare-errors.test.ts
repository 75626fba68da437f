// An origin that lies behind Cloudflare's network too: when it is down, that network answers for it.
import { describe, expect, it } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";

const lasting = cc("max-age=60, stale-if-error=600");
const unreached = [520, 521, 523, 525, 526, 527, 530];
const late = [522, 524];
const ofNetwork = (status: number) => () => page("error code: " + status, {}, status);

describe("a status by which the network says that the origin did not answer", () => {
  it.each([...unreached, ...late])("lets a stale response answer: %i", async (status) => {
    const site = openSite({ origin: () => page("old", lasting) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = ofNetwork(status);
    const { text, cacheStatus } = await site.get("/a");
    expect([text, cacheStatus]).toEqual(["old", "tidemark; fwd=stale; detail=stale-if-error"]);
  });

  it.each([
    ...unreached.map((status) => ({ status, told: 502 })),
    ...late.map((status) => ({ status, told: 504 })),
  ])("is told as what it means: $status is $told", async ({ status, told }) => {
    const site = openSite({ origin: ofNetwork(status) });
    const seen = [await site.get("/a"), await site.get("/b", { method: "POST", body: "x" })];
    expect(seen.map((each) => each.status)).toEqual([told, told]);
    expect(seen.map(({ text }) => text.includes("error code"))).toEqual([false, false]);
  });

  it("is asked for once more if it was not reached, and not if it was late", async () => {
    const tries = async (status: number) => {
      const site = openSite({ origin: ofNetwork(status) });
      await site.get("/a");
      return site.origin.count;
    };
    expect([await tries(521), await tries(524)]).toEqual([2, 1]);
  });

  it("counts against the origin: after five paths nobody asks any more", async () => {
    const site = openSite({ origin: ofNetwork(521) });
    for (let nth = 0; nth < 5; nth += 1) await site.get(`/${nth}`);
    const { count } = site.origin;
    expect([(await site.get("/next")).status, site.origin.count]).toEqual([503, count]);
  });

  it.each([519, 528, 529, 599])("is the origin's own word otherwise: %i", async (status) => {
    const site = openSite({ origin: ofNetwork(status) });
    expect((await site.get("/a")).status).toBe(status);
  });
});
