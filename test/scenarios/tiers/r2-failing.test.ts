// Tests a bucket of R2 that fails or is not bound: clients still get their answers.
import { afterEach, describe, expect, it, vi } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import { r2Bodies } from "../../../src/stores/r2/r2-bodies.ts";
import { adminToken, bearer } from "../../../testing/site/purge-sender.ts";
import { bodyOf, openOverR2, sizes } from "./sites-over-r2.ts";

afterEach(() => void vi.useRealTimers());

const fails = () => Promise.reject(new Error("put: We encountered an internal error. (10001)"));
const never = () => new Promise<never>(() => undefined);

it.each(["/held", "/streamed"] as const)(
  "%s comes from the edge or the origin if R2 fails",
  async (path) => {
    const { first, second, r2 } = openOverR2();
    Object.assign(r2, { put: fails, get: fails, head: fails, delete: fails });
    expect((await first.get(path)).text === bodyOf(sizes[path])).toBe(true);
    expect((await first.get(path)).cacheStatus).toContain("detail=edge");
    expect((await second.get(path)).text === bodyOf(sizes[path], 2)).toBe(true);
    expect([first.log, second.log]).toEqual([[], []]);
    await second.get(path, { method: "POST" });
  },
);

it("a body that breaks off is in no tier", async () => {
  const { first, second, r2 } = openOverR2();
  const { script } = first.origin;
  const chunk = new TextEncoder().encode(bodyOf(1_048_576));
  first.origin.script = () => {
    let left = 5;
    const body = new ReadableStream({
      pull: (controller) => {
        left -= 1;
        if (left < 0) controller.error(new Error("The connection was lost."));
        else controller.enqueue(chunk);
      },
    });
    const headers = {
      "cache-control": "max-age=3600",
      "content-length": String(sizes["/streamed"]),
    };
    return new Response(body, { headers });
  };
  await expect((await first.ask("/streamed")).text()).rejects.toThrow("cut short");
  await first.settle();
  expect(r2.objects.size).toBe(0);
  first.origin.script = script;
  for (const site of [second, first])
    expect((await site.get("/streamed")).text === bodyOf(sizes["/streamed"], 2)).toBe(true);
});

it("a client gets its body, and the edge its copy, if R2 never reads it", async () => {
  const { first, r2 } = openOverR2();
  Object.assign(r2, { put: never });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const reading = (await first.ask("/streamed")).text();
  await vi.advanceTimersByTimeAsync(2_000);
  expect((await reading) === bodyOf(sizes["/streamed"])).toBe(true);
  await vi.advanceTimersByTimeAsync(10_000);
  vi.useRealTimers();
  await first.settle();
  expect((await first.get("/streamed")).cacheStatus).toContain("detail=edge");
});

describe("the operator", () => {
  const findingsOf = async (site: ReturnType<typeof openSite>) => {
    const health = await site.get("/_cache/health", { headers: bearer });
    return (JSON.parse(health.text) as { findings: object[] }).findings;
  };

  it("gets a finding if R2 is not bound, and pages are stored as without R2", async () => {
    const { first, second } = openOverR2(undefined, { env: { BODIES: undefined } });
    for (const site of [first, second]) await site.get("/small");
    expect(first.origin.count).toBe(1);
    const what = "R2 is off.";
    const values = expect.objectContaining({ what }) as object;
    expect(await findingsOf(first)).toContainEqual(expect.objectContaining({ values }));
  });

  it("gets a finding if there is no shared tier", async () => {
    const bodies = r2Bodies({ binding: "BODIES" });
    const site = openSite({ bodies, env: { ADMIN_TOKEN: adminToken, BODIES: {} } });
    const what = "The store of large bodies is off.";
    const values = expect.objectContaining({ what }) as object;
    expect(await findingsOf(site)).toContainEqual(expect.objectContaining({ values }));
  });

  it("finds a body in R2 in explain, without a read of R2", async () => {
    const { first, second, r2 } = openOverR2();
    await first.get("/held");
    r2.calls.length = 0;
    const url = encodeURIComponent("https://www.example.com/held");
    const explained = await second.get(`/_cache/explain?url=${url}`, { headers: bearer });
    expect(JSON.parse(explained.text)).toMatchObject({
      look: { tiers: [{}, {}, { tier: "shared", has: "response" }] },
    });
    expect(r2.calls).toEqual([]);
  });
});
