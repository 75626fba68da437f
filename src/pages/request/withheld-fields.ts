// The client's fields that an origin does not get, by name: a client could claim another identity by them, or get
// the answer of another URL. docs/requests.md names fields that clients may still send.
import { onceForChosen } from "../../base/once.ts";
import { isCredentialField } from "../../config/credential-fields.ts";
import { compileNames } from "../../config/known-names.ts";
import { dashed } from "../../routing/field-edits.ts";
import { traceFieldNames } from "../../rules/trace-context.ts";
import { conditionalFieldNames } from "../../rules/validators.ts";

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
 * A field that this cache sets. If a client claimed to be a surrogate, the cache would
 * store the source of pages for all clients.
 */
const capabilities = "surrogate-capability";

const methods = "x-method x-method-* x-http-method* x-request-method x-ajax-real-method";

/** Internal fields of frameworks and other platforms. */
const inner =
  "x-middleware-* x-nextjs-* x-next-* x-invoke-* x-now-* x-vercel-* x-prerender-* next-resume " +
  "x-opennext-* x-open-next-* x-nuxt-* x-sveltekit-* x-astro-* x-react-router-* x-remix-* " +
  "x-php-ob-level x-symfony-* x-pagelet-fragment x-render-partial x-wp-pjax-prefetch " +
  "translate x-amz-* x-amzn-* cloudfront-* x-arr-* alt-used cf-template-path";

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

const forged = compileNames([addresses, places, loopholes, capabilities].join(" ").split(" "));
const forOneRequest = compileNames([methods, inner, identities, devices].join(" ").split(" "));

/**
 * Returns whether CGI may confuse a field with another. CGI reads `accept.language` and
 * `accept_language` as `accept-language`. `Vary` or the key may select by the other field, or the
 * platform may set it.
 *
 * @param name in lower case
 */
function isAlias(name: string): boolean {
  return dashed(name) !== name;
}

/**
 * Returns whether a request for a shared response must omit this field.
 *
 * @param name in lower case
 */
function isSteering(name: string): boolean {
  return forged(name) || forOneRequest(name);
}

/**
 * Returns whether the field is dropped even if the response is not stored. Other steering fields, such as
 * method overrides, are then allowed, because they affect only the client itself.
 *
 * @param name in lower case
 */
export function isForged(name: string): boolean {
  const read = dashed(name);
  const isOfPlatform = isAlias(name) && read.startsWith("cf-");
  return isOfPlatform || neverForwarded.has(name) || (forged(read) && !name.includes("method"));
}

const neverForwarded: ReadonlySet<string> = new Set(["host", "proxy-authorization"]);
/** Fields that apply to one request only. A forwarded request has its own values. */
const ofOneRequest = [...conditionalFieldNames, "range", "a-im", ...traceFieldNames];
/** Fields of shared dictionaries (RFC 9842 §2.2, §2.3). A body would be stored for each of them. */
const ofDictionaries = ["available-dictionary", "dictionary-id"];
const withheld = new Set([...neverForwarded, ...ofOneRequest, ...ofDictionaries]);

/** Returns whether the field is about a request's content. The key has those of a keyed content that reach the origin. */
export const isOfContent = compileNames(
  "content-* x-content-* digest repr-digest unencoded-digest mime-version expect".split(" "),
);

/**
 * Returns whether a client's field is withheld from the origin if the response may be stored and the field
 * is not part of the key.
 *
 * @param name in lower case
 */
export const isWithheld = onceForChosen(
  (name) => isAlias(name) || isSteering(name) || withheld.has(name) || isOfContent(name),
);

/** The requested host, path or scheme, and changes of them. */
const placeWords =
  "host vhost fqdn sni dns cname domain authority backend upstream server$ server-?name port path uri " +
  "url href root prefix script-?name query-?string request-?target redirect rewrite rewritten original " +
  "override scheme proto protocol ssl tls https secure";

/** The client's address, its country, and its way through proxies. */
const clientWords =
  "ip ipv4 ipv6 addr address country geo remote forward forwarded forwarder fwd xff proxied";

/** Words to which servers and CGI glue those above, as in `X-RealIP` and `X-PathInfo`. */
const gluedWords =
  "x http real true client server user visitor viewer peer source src dest destination target " +
  "frontend proxy gateway edge cdn cluster node app web site base root full script " +
  "sub request requested current canonical external internal virtual origin orig originating " +
  "conn connecting socket local public absolute ext doc document page api method name info code version " +
  "location is for by";

/** Names with other meanings: of a color, of the version of a protocol, and of people. */
const otherMeanings =
  /colou?r-scheme|protocol-version|(?:mail|wallet|billing|shipping|delivery|postal|street)-address/g;

const alternatives = (words: string) => words.replaceAll(" ", "|");
const deciding = `(?:${alternatives(placeWords)})s?|${alternatives(clientWords)}`;
const any = `(?:${deciding}|${alternatives(gluedWords)})`;
/** Bounded, because a client chooses the name. */
const decidingWord = new RegExp(`(?:^|-)${any}{0,3}(?:${deciding})${any}?\\d*(?=-|$)`);

/**
 * Returns whether a word of the name says that the field is about the requested host, path or scheme, or about the
 * client's address. Servers have more such fields than a list can name.
 *
 * @param name in lower case
 * @returns false for a credential, for fields that Cloudflare sets, and for the field of Next.js, which names it in
 *   `Vary` wherever it reads it
 */
export const hasDecidingWord = onceForChosen(
  (name) =>
    name !== "next-url" &&
    !name.startsWith("cf-") &&
    !isCredentialField(name) &&
    decidingWord.test(name.replaceAll(otherMeanings, "")),
);
