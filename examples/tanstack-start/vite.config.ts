// `vite build` builds for Node, and `vite build --mode worker` for Workers.
import { cloudflare } from "@cloudflare/vite-plugin";
import { tanstackStart } from "@tanstack/react-start/plugin/vite";
import viteReact from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig(({ mode }) => ({
  // The name of the build, for `src/server.ts` and `src/worker.ts`.
  define: { "import.meta.env.BUILD": JSON.stringify(String(Date.now())) },
  plugins: [
    mode === "worker" ? cloudflare({ viteEnvironment: { name: "ssr" } }) : [],
    tanstackStart(),
    viteReact(),
  ],
}));
