// Exports of `tidemark/outward`: caches in front of Tidemark, and services, that receive its purges.
export type { TargetOptions } from "./outward/delivery/make-target.ts";
export type { OutwardTarget } from "./outward/port/outward-target.ts";
export { akamai, type AkamaiOptions } from "./outward/targets/akamai.ts";
export { bunny, type BunnyOptions } from "./outward/targets/bunny.ts";
export { cloudFront, type CloudFrontOptions } from "./outward/targets/cloud-front.ts";
export { cloudflareZone, type CloudflareZoneOptions } from "./outward/targets/cloudflare-zone.ts";
export { fastly, type FastlyOptions } from "./outward/targets/fastly.ts";
export {
  purgeRequests,
  type PurgeRequestsOptions,
  type RequestTemplate,
} from "./outward/targets/purge-requests.ts";
export { signedWebhook, type SignedWebhookOptions } from "./outward/targets/signed-webhook.ts";
export { tidemarkSite, type TidemarkSiteOptions } from "./outward/targets/tidemark-site.ts";
export { OperatorError } from "./base/operator-error.ts";
