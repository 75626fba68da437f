// Makes a bundled Worker wait for its remote stores as long as a busy machine needs, in suites whose
// outputs may not depend on the machine's speed.
import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

export const patient: Plugin = {
  name: "patient",
  setup: (building) => {
    building.onLoad({ filter: /\/src\/remote\/latency-bound\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const contents = text
        .replace(
          "[readMsMax, writeMsMax] = [1_000, 5_000]",
          "[readMsMax, writeMsMax] = [30_000, 30_000]",
        )
        .replace("timeoutMsMin = 150", "timeoutMsMin = 30_000");
      if (contents.split("30_000").length !== 4) throw new Error(`${path} has other timeouts now.`);
      return { contents, loader: "ts" };
    });
  },
};
