// Request fields by which a client could have something else answered than its URL asks for, or
// pass for somebody else, by families. docs/configuration.md says what is left to clients, and why.
import type { NamePatterns } from "../../config/known-names.ts";

/** Who asks, and from where: origins believe it, since the proxies before them say it. */
const addresses =
  "forwarded forwarded-* x-forwarded x-forwarded-* x-forward-* x-forwarder-* x-originally-* " +
  "client-ip clientip client-address x-client-ip x-clientip x-client-host cluster-client-ip " +
  "x-cluster-client-ip true-client-ip x-true-* real-ip xxx-real-ip x-real-* remote-* " +
  "x-remote-* x-originating-ip x-orig-client x-proxyuser-* x-proxy-user* proxy-client-ip x-ip " +
  "x-ip-* x-custom-ip-* cf-connecting-ipv6 cf-pseudo-ipv4 x-cf-url fastly-* akamai-* " +
  "x-akamai-* incap-* x-sucuri-* x-azure-* x-azc-* x-appengine-* wl-proxy-* x-bluecoat-* " +
  "x-cisco-* x-sakura-*";

/** Which scheme, host or path is asked for, or which file is sent in place of an answer. */
const places =
  "x-host x-host-override x-http-host* x-server-name x-server-port x-backend-host " +
  "x-backend-server x-original x-original-* x-rewrite x-rewrite-* x-override-url " +
  "x-override-uri x-override-host x-http-path-* x-http-destinationurl x-request-uri " +
  "request-uri unencoded-url orig-path-info x-script-name x-matched-path x-replaced-path " +
  "proxy-host proxy-url x-proxy-host x-proxy-url x-scheme x-url-scheme x-proto x-https https " +
  "https-from-lb front-end-https ssl-offloaded x-arr-ssl x-nfsn-https x-orchestra-scheme " +
  "x-envoy x-envoy-* x-accel x-accel-* x-sendfile x-sendfile-*";

/**
 * CGI makes `HTTP_PROXY` of the first, by which programs then send their own requests
 * (CVE-2016-5385). The others let a request past the checks of Next.js (CVE-2025-29927).
 */
const loopholes = "proxy x-middleware-subrequest x-middleware-subrequest-id";

/** Ours to set: who claims to process ESI would get its source stored for everybody. */
const capabilities = "surrogate-capability";

const methods = "x-method x-method-* x-http-method* x-request-method x-ajax-real-method";

/** What parts of a framework, or of another platform, tell each other. */
const inner =
  "x-middleware-* x-nextjs-* x-next-* x-invoke-* x-now-* x-vercel-* x-prerender-* next-resume " +
  "x-opennext-* x-open-next-* x-nuxt-* x-sveltekit-* x-astro-* x-react-router-* x-remix-* " +
  "x-php-ob-level x-symfony-* x-pagelet-fragment x-render-partial x-wp-pjax-prefetch " +
  "translate x-amz-* x-amzn-* cloudfront-* x-arr-* base-url x-base-url context-path " +
  "x-context-path x-path x-uri x-url x-subdomain script-name path-info query-string " +
  "cf-template-path x-ning-request-uri";

/** Who asks, told by a proxy that has checked it. */
const identities =
  "x-auth-request-* x-authenticated-* x-goog-iap-* x-goog-authenticated-* " +
  "x-ms-client-principal* iv-user iv-groups x-ssl-* ssl-client-* x-client-cert* " +
  "x-client-verify*";

/** Which device it is, told by gateways of the time before browsers on phones. */
const devices =
  "x-wap-* x-att-* x-uidh msisdn x-msisdn x-up-* x-nokia-* x-jphone-* x-dcmguid x-operamini-* " +
  "x-ucbrowser-* x-skyfire-* x-bolt-* device-stock-ua x-device-user-agent x-user-agent " +
  "x-mobile-ua";

const forged = compiled([addresses, places, loopholes, capabilities]);
const forOneRequest = compiled([methods, inner, identities, devices]);

/** RFC 3875 §4.1.18 has a dash become an underscore; some servers do that to each of these, too. */
const otherCharacters = /[^a-z\d-]/g;

/**
 * CGI and its heirs cannot tell `accept.language` or `accept_language` from `accept-language`: to them it
 * is another spelling of a field that `Vary` or the key selects by, or that the platform sets.
 *
 * @param name in lower case
 */
export function isAlias(name: string): boolean {
  return name.search(otherCharacters) >= 0;
}

/**
 * May none of it be in what an answer for all is made of?
 *
 * @param name in lower case
 */
export function isSteering(name: string): boolean {
  return forged(name) || forOneRequest(name);
}

/**
 * Is it believed of no client, not even where nothing is stored? There, a method override and the
 * like are the client's own affair.
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
