// Exports of `tidemark/cloudflare`: the Workers KV tier, for the option `tiers` of `createWorker`.
export { type WorkersKv, workersKv } from "./stores/kv/kv-tier.ts";
export type { TierInCode } from "./cache/tiers/tier-in-code.ts";
