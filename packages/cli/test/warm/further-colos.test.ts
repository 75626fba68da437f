// Tests `tidemark warm --via` with a failing colo. The site and the other colos are still warmed.
import { describe, expect, it } from "vitest";
import { page, site, WarmUser } from "./warm-user.ts";

const vias = ["--via", "https://dead.test", "--via", "https://colo.test"];
const input = Array.from({ length: 40 }, (_, at) => `/${at}`).join("\n");

const unreachable = () => {
  throw new TypeError("fetch failed", { cause: new Error("refused") });
};
const unavailable = (more = {}) => page("tidemark; fwd=uri-miss", 503, more);
/** Returns a user for whom dead.test fails until `isDown` returns false. */
const deadWhile = (isDown: () => boolean, answer: () => Response = unreachable) =>
  WarmUser.at(({ hostname }) => (isDown() && hostname === "dead.test" ? answer() : undefined));

describe("a failing colo", () => {
  it.each<[string, () => Response, why: string]>([
    ["refused connections", unreachable, "is in trouble"],
    ["status 503 without Retry-After", () => unavailable(), "status 503"],
    ["Retry-After of hours", () => unavailable({ "retry-after": "9000" }), "Retry-After of 9000 s"],
    ["another server", () => new Response("page"), "no Cache-Status of Tidemark"],
  ])("does not prevent the warming of other addresses: %s", async (_, answer, why) => {
    const user = await deadWhile(() => true, answer);
    const { code, out, notes } = await user.warms(["--list", "-", "--json", ...vias], { input });
    expect(code).toBe(3);
    expect(JSON.parse(out).addresses).toMatchObject([
      { address: site, warmed: 40, failed: 0 },
      { address: "https://dead.test", warmed: 0, failed: 40 },
      { address: "https://colo.test", warmed: 40, failed: 0 },
    ]);
    expect(notes + out).toContain(why);
  });

  it("gets no more requests if it stays down", async () => {
    const user = await deadWhile(() => true);
    const { notes } = await user.warms(["--list", "-", ...vias], { input });
    expect(user.site.urls.filter((url) => url.includes("dead.test")).length).toBeLessThan(30);
    expect(notes).toContain("https://dead.test gets no more requests.");
  });

  it("gets all pages in the next run", async () => {
    let isDown = true;
    const user = await deadWhile(() => isDown);
    user.interruptAfter = 150;
    const many = Array.from({ length: 300 }, (_, at) => `/${at}`).join("\n");
    expect((await user.warms(["--list", "-", ...vias], { input: many })).code).toBe(130);
    isDown = false;
    user.interruptAfter = Infinity;
    await user.warms(["--list", "-", ...vias], { input: many });
    const asked = new Set(user.site.urls.slice(150).filter((url) => url.includes("dead.test")));
    expect(asked.size).toBe(300);
  });
});
