// The Worker: the one that OpenNext generates, with Tidemark as its cache.
import { defineConfig } from "tidemark";
import { withTidemark } from "tidemark/opennext";
import { upstash } from "tidemark/upstash";
// @ts-ignore -- opennextjs-cloudflare build generates this file.
import openNext from "./.open-next/worker.js";

export default withTidemark(openNext, defineConfig({ namespace: "opennext-example" }), {
  stores: upstash(),
});
