// `vite build` builds for Node, and `vite build --mode worker` for Workers.
import { cloudflare } from "@cloudflare/vite-plugin";
import { tanstackStart } from "@tanstack/react-start/plugin/vite";
import viteReact from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig(({ mode }) => ({
  plugins: [
    mode === "worker" ? cloudflare({ viteEnvironment: { name: "ssr" } }) : [],
    tanstackStart(),
    viteReact(),
  ],
}));
