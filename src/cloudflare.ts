// Exports of `tidemark/cloudflare`: Cloudflare's stores, as values for `createWorker`.
export { type WorkersKv, workersKv } from "./stores/kv/kv-tier.ts";
export type { TierInCode } from "./cache/tiers/tier-in-code.ts";
