// Tests an origin that is also behind Cloudflare's network. If the origin is down, the network
// answers with its own status codes.
import { describe, expect, it } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";

const lasting = cc("max-age=60, stale-if-error=600");
const unreached = [520, 521, 523, 525, 526, 527, 530];
const late = [522, 524];
const ofNetwork = (status: number) => () => page("error code: " + status, {}, status);

describe("a status of Cloudflare's network for an origin that did not answer", () => {
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
  ])("becomes a standard status for clients: $status becomes $told", async ({ status, told }) => {
    const site = openSite({ origin: ofNetwork(status) });
    const seen = [await site.get("/a"), await site.get("/b", { method: "POST", body: "x" })];
    expect(seen.map((each) => each.status)).toEqual([told, told]);
    expect(seen.map(({ text }) => text.includes("error code"))).toEqual([false, false]);
  });

  it("tells an invalid response from an origin that was not reached", async () => {
    const told = async (status: number) => {
      const site = openSite({ origin: ofNetwork(status) });
      return (await site.get("/a")).fields.get("proxy-status");
    };
    expect([await told(520), await told(521)]).toEqual([
      "tidemark; error=http_protocol_error",
      "tidemark; error=destination_unavailable",
    ]);
  });

  it("causes one retry if the origin was not reached, and none if it was late", async () => {
    const tries = async (status: number) => {
      const site = openSite({ origin: ofNetwork(status) });
      await site.get("/a");
      return site.origin.count;
    };
    expect([await tries(520), await tries(521), await tries(524)]).toEqual([2, 2, 1]);
  });

  it("opens the breaker of the origin after five failed paths", async () => {
    const site = openSite({ origin: ofNetwork(521) });
    for (let nth = 0; nth < 5; nth += 1) await site.get(`/${nth}`);
    const { count } = site.origin;
    expect([(await site.get("/next")).status, site.origin.count]).toEqual([503, count]);
  });

  it.each([519, 528, 529, 599])("excludes other codes, sent unchanged: %i", async (status) => {
    const site = openSite({ origin: ofNetwork(status) });
    expect((await site.get("/a")).status).toBe(status);
  });
});
