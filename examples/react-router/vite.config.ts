// `react-router build` builds for Node, and `react-router build --mode worker` for Workers.
import { cloudflare } from "@cloudflare/vite-plugin";
import { reactRouter } from "@react-router/dev/vite";
import { defineConfig } from "vite";

const onNode = { ssr: { build: { rolldownOptions: { input: "./server/node.ts" } } } };

export default defineConfig(({ mode }) => ({
  // The name of the build, for the entries in `server/`.
  define: { "import.meta.env.BUILD": JSON.stringify(String(Date.now())) },
  plugins: [
    mode === "worker" ? cloudflare({ viteEnvironment: { name: "ssr" } }) : [],
    reactRouter(),
  ],
  environments: mode === "worker" ? {} : onNode,
}));
