// Exports of `tidemark/outward`: caches in front of Tidemark, and services, that receive its purges.
// See docs/outward.md.
import { checkNamed } from "../../part/named-values.ts";
import type { PartContents } from "../../admin/part-contents.ts";
import type { SitePart } from "../../part/port/part.ts";
import { openOutward } from "./open-outward.ts";
import { isOutwardTarget, type OutwardTarget } from "./port/outward-target.ts";

export type { TargetOptions } from "./delivery/make-target.ts";
export type { OutwardTarget } from "./port/outward-target.ts";
export { cloudflareZone, type CloudflareZoneOptions } from "./targets/cloudflare-zone.ts";
export { fastly, type FastlyOptions } from "./targets/fastly.ts";
export {
  purgeRequests,
  type PurgeRequestsOptions,
  type RequestTemplate,
} from "./targets/purge-requests.ts";
export { signedWebhook, type SignedWebhookOptions } from "./targets/signed-webhook.ts";
export { tidemarkSite, type TidemarkSiteOptions } from "./targets/tidemark-site.ts";
export { OperatorError } from "../../base/operator-error.ts";

/**
 * Sends each accepted purge to caches in front of Tidemark, or below it, and to services.
 *
 * @param targets by name: 1 to 32 small letters, digits or `-`, with a letter first. The variable
 *   `OUTWARD_SECRET_<NAME>` holds the credential
 * @throws OperatorError for an invalid name, and for a value that is no target
 * @example
 * defineConfig({ parts: [outward({ edge: cloudflareZone({ zone, plan: "free" }) })] });
 */
export function outward(targets: Readonly<Record<string, OutwardTarget>>): SitePart {
  const example = "cloudflareZone({ … })";
  checkNamed(targets, { of: "outward()", noun: "target", example, isValue: isOutwardTarget });
  const contents: PartContents = { open: (host) => openOutward(host, targets) };
  return { kind: "site", name: "outward", contents };
}
