// Tests the sinks for D1 in a Worker that writes to its own D1 binding.
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { expect, it } from "vitest";
import { bundledText } from "../../../testing/bundled-text.ts";
import { compatibilityDate } from "../../../local/colo.ts";

const worker = `
  import { d1BufferSink, d1Sink, sinkSchema } from "./src/sinks.ts";
  export default {
    async fetch(_, { DB }) {
      await DB.exec(sinkSchema({ of: "sqlite" }));
      const [counters, buffers] = [d1Sink(DB), d1BufferSink(DB)];
      const chunk = (set, change) => ({ set, slice: 1, changes: [change], mark: { slice: 1, key: "😀" } });
      const views = chunk("views", { key: "😀", by: 2, isReset: false });
      await Promise.all([counters.apply(views), counters.apply(views)]);
      await buffers.apply(chunk("profiles", { key: "😀", value: "é" }));
      const { values, mark } = await buffers.read("profiles", ["😀"]);
      return Response.json({ top: await counters.top("views", 1), profiles: [...values], mark });
    },
  };
`;

it("sinks for D1 in a Worker count a repeated chunk once, and read values and marks", async () => {
  const contents = await bundledText(worker);
  const modules = [{ type: "ESModule" as const, path: "worker.js", contents }];
  const options = { modules, compatibilityDate, d1Databases: ["DB"] };
  const runtime = new Miniflare(convertV4MiniflareOptions(options));
  try {
    const response = await runtime.dispatchFetch("http://site.test/");
    expect(await response.json()).toEqual({
      top: [["😀", 2]],
      profiles: [["😀", "é"]],
      mark: { slice: 1, key: "😀" },
    });
  } finally {
    await runtime.dispose();
  }
});
