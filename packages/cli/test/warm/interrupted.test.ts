// Tests how the next run continues an interrupted `tidemark warm`.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listOf, pages, site, WarmUser } from "./warm-user.ts";

describe("an interrupted run of warm", () => {
  const args = ["--list", "-"];
  const input = listOf(pages(200));

  async function interrupted() {
    const user = await WarmUser.at();
    user.interruptAfter = 80;
    const ran = await user.warms(args, { input });
    const first = new Set(user.site.urls.slice(0, 80));
    user.interruptAfter = Infinity;
    user.site.asked.length = 0;
    return { user, ran, first };
  }

  it("exits with 130, and is continued by the next run", async () => {
    const { user, ran, first } = await interrupted();
    expect(ran.code).toBe(130);
    expect(ran.out).toContain("Run the same command to continue.");
    const second = await user.warms(args, { input });
    expect(second.code).toBe(0);
    const twice = user.site.urls.filter((url) => first.has(url));
    expect(twice.length).toBeLessThanOrEqual(4);
    expect(new Set([...first, ...user.site.urls]).size).toBe(200);
    expect(await stateFiles(user)).toEqual([]);
  });

  it("does not prevent the next run from warming new pages", async () => {
    const { user } = await interrupted();
    await user.warms(args, { input: `/new\n${input}` });
    expect(user.site.urls).toContain(`${site}/new`);
  });

  it.each([
    { name: "with --fresh", more: ["--fresh"], laterMs: 0 },
    { name: "after a day", more: [], laterMs: 25 * 60 * 60 * 1_000 },
    { name: "with other variants", more: ["--variant", "Accept-Language: de"], laterMs: 0 },
  ])("is not continued $name", async ({ more, laterMs }) => {
    const { user } = await interrupted();
    user.atMs = Date.now() + laterMs;
    await user.warms([...args, ...more], { input });
    expect(user.site.asked).toHaveLength(200);
  });
});

async function stateFiles({ folder }: WarmUser): Promise<string[]> {
  return readdir(join(folder, ".local/state/tidemark/warm"));
}
