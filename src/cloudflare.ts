// What `import … from "tidemark/cloudflare"` offers: stores of Cloudflare, as values for `createWorker`.
export { type WorkersKv, workersKv } from "./stores/kv/kv-tier.ts";
export type { TierInCode } from "./cache/tiers/tier-in-code.ts";
