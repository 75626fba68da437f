const onWorkers = process.env.PLATFORM === "workers";

export default defineNuxtConfig({
  compatibilityDate: "2026-11-01",
  telemetry: false,
  nitro: onWorkers
    ? { preset: "cloudflare_module" }
    : { preset: "node_listener", serveStatic: true },
});
