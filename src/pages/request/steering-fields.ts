// Request fields by which a client could get the answer of another URL, or claim another identity.
// Each constant lists one family. docs/requests.md names fields that clients may still send.
import type { NamePatterns } from "../../config/known-names.ts";

/** The client's address. Origins trust these fields because proxies normally set them. */
const addresses =
  "forwarded forwarded-* x-forwarded x-forwarded-* x-forward-* x-forwarder-* x-originally-* " +
  "client-ip clientip client-address x-client-ip x-clientip x-client-host cluster-client-ip " +
  "x-cluster-client-ip true-client-ip x-true-* real-ip xxx-real-ip x-real-* remote-* " +
  "x-remote-* x-originating-ip x-orig-client x-proxyuser-* x-proxy-user* proxy-client-ip x-ip " +
  "x-ip-* x-custom-ip-* cf-connecting-ipv6 cf-pseudo-ipv4 x-cf-url fastly-* akamai-* " +
  "x-akamai-* incap-* x-sucuri-* x-azure-* x-azc-* x-appengine-* wl-proxy-* x-bluecoat-* " +
  "x-cisco-* x-sakura-*";

/** The requested scheme, host or path, or a file to send instead of an answer. */
const places =
  "x-host x-host-override x-http-host* x-server-name x-server-port x-backend-host " +
  "x-backend-server x-original x-original-* x-rewrite x-rewrite-* x-override-url " +
  "x-override-uri x-override-host x-http-path-* x-http-destinationurl x-request-uri " +
  "request-uri unencoded-url orig-path-info x-script-name x-matched-path x-replaced-path " +
  "proxy-host proxy-url x-proxy-host x-proxy-url x-scheme x-url-scheme x-proto x-https https " +
  "https-from-lb front-end-https ssl-offloaded x-arr-ssl x-nfsn-https x-orchestra-scheme " +
  "x-envoy x-envoy-* x-accel x-accel-* x-sendfile x-sendfile-*";

/**
 * CGI turns `Proxy` into the variable `HTTP_PROXY`, which redirects the program's own requests
 * (CVE-2016-5385). The other fields bypass the middleware of Next.js (CVE-2025-29927).
 */
const loopholes = "proxy x-middleware-subrequest x-middleware-subrequest-id";

/**
 * A field that this cache sets. If a client claimed to process ESI, the cache would store
 * unprocessed ESI source for all clients.
 */
const capabilities = "surrogate-capability";

const methods = "x-method x-method-* x-http-method* x-request-method x-ajax-real-method";

/** Internal fields of frameworks and other platforms. */
const inner =
  "x-middleware-* x-nextjs-* x-next-* x-invoke-* x-now-* x-vercel-* x-prerender-* next-resume " +
  "x-opennext-* x-open-next-* x-nuxt-* x-sveltekit-* x-astro-* x-react-router-* x-remix-* " +
  "x-php-ob-level x-symfony-* x-pagelet-fragment x-render-partial x-wp-pjax-prefetch " +
  "translate x-amz-* x-amzn-* cloudfront-* x-arr-* base-url x-base-url context-path " +
  "x-context-path x-path x-uri x-url x-subdomain script-name path-info query-string " +
  "cf-template-path x-ning-request-uri";

/** The client's identity, which an authenticating proxy normally sets. */
const identities =
  "x-auth-request-* x-authenticated-* x-goog-iap-* x-goog-authenticated-* " +
  "x-ms-client-principal* iv-user iv-groups x-ssl-* ssl-client-* x-client-cert* " +
  "x-client-verify*";

/** The client's device, which WAP gateways and old mobile browsers set. */
const devices =
  "x-wap-* x-att-* x-uidh msisdn x-msisdn x-up-* x-nokia-* x-jphone-* x-dcmguid x-operamini-* " +
  "x-ucbrowser-* x-skyfire-* x-bolt-* device-stock-ua x-device-user-agent x-user-agent " +
  "x-mobile-ua";

const forged = compiled([addresses, places, loopholes, capabilities]);
const forOneRequest = compiled([methods, inner, identities, devices]);

/** Characters that some servers map to underscores. RFC 3875 §4.1.18 maps only dashes. */
const otherCharacters = /[^a-z\d-]/g;

/**
 * Returns whether CGI may confuse a field with another. CGI reads `accept.language` and
 * `accept_language` as `accept-language`. `Vary` or the key may select by the other field, or the
 * platform may set it.
 *
 * @param name in lower case
 */
export function isAlias(name: string): boolean {
  return name.search(otherCharacters) >= 0;
}

/**
 * Returns whether a request for a shared response must omit this field.
 *
 * @param name in lower case
 */
export function isSteering(name: string): boolean {
  return forged(name) || forOneRequest(name);
}

/**
 * Returns whether the field is dropped even if the response is not stored. Other steering fields, such as
 * method overrides, are then allowed, because they affect only the client itself.
 *
 * @param name in lower case
 */
export function isForged(name: string): boolean {
  const dashed = name.replaceAll(otherCharacters, "-");
  const isOfPlatform = isAlias(name) && dashed.startsWith("cf-");
  return isOfPlatform || (forged(dashed) && !name.includes("method"));
}

function compiled(families: readonly string[]): (name: string) => boolean {
  const patterns: NamePatterns = families.flatMap((family) => family.split(" "));
  const names = new Set(patterns.filter((pattern) => !pattern.endsWith("*")));
  const prefixes = patterns.filter((pattern) => pattern.endsWith("*"));
  const begins = new RegExp(`^(?:${prefixes.map((pattern) => pattern.slice(0, -1)).join("|")})`);
  return (name) => names.has(name) || (prefixes.length > 0 && begins.test(name));
}
