import { defineConfig } from "tidemark";
import { release } from "tidemark/release";

export default defineConfig({
  operatorPath: "/_edge",
  routes: [
    // These see cookies, and nothing of them is stored.
    { name: "account", match: "/account/*", bypass: true },
    { name: "remote functions", match: "/_app/remote/*", bypass: true },
    // Files of older builds stay for tabs that are open.
    { name: "assets", match: "/_app/immutable/*", use: [release("keep")], forward: [] },
    // These see no field of a client, so what is stored is the same for all.
    { name: "pages", match: "*", forward: [] },
  ],
});
