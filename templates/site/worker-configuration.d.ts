// The types of `import { env, waitUntil } from "cloudflare:workers"`, for code of your own.
// Delete this file, and `npx wrangler types` writes one with all your variables and bindings.
declare module "cloudflare:workers" {
  export const env: {
    readonly UPSTASH_REDIS_REST_URL: string;
    readonly UPSTASH_REDIS_REST_TOKEN: string;
  };
  export function waitUntil(work: Promise<unknown>): void;
}
