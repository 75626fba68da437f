// Tests pages of a Worker whose handler reads through Drizzle: a write of a table covers them.
import { eq } from "drizzle-orm";
import { expect, it } from "vitest";
import { queryCache } from "../../../src/adapters/drizzle/query-cache.ts";
import { articles, Sqlite } from "../../../testing/drizzle/drizzle-world.ts";
import { openBeside } from "../../../testing/data/beside-pages.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { idle } from "../../../testing/site/harness.ts";

it.each(["a missing result", "a stored result"])(
  "a page made of %s is purged by a write",
  async (of) => {
    const sqlite = new Sqlite();
    let made: ReturnType<typeof open> | undefined;
    const open = (data: Parameters<typeof queryCache>[0]) => {
      const queries = queryCache(data, { fresh: "10m", strategy: "all" });
      return queries.attach(sqlite.open(queries));
    };
    const world = await openBeside({
      handler: (data) => async () => {
        made ??= open(data);
        const rows = await made.select().from(articles);
        return page(rows.map(({ title }) => title).join(), cc("max-age=600"));
      },
    });
    const get = async () => {
      const { cacheStatus, text } = await world.site.get("/page");
      await world.site.settle();
      await idle();
      return `${text} ${cacheStatus.includes("; hit") ? "hit" : "none"}`;
    };
    if (of === "a stored result") await world.site.get("/other");
    expect(await get()).toBe("Tides,Ebb none");
    expect(await get()).toBe("Tides,Ebb hit");
    await made?.delete(articles).where(eq(articles.id, 43));
    expect(await get()).toBe("Tides none");
  },
);
