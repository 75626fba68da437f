// Tests which request fields the origin receives (RFC 9110 §7.6.1, §7.6.3). Tidemark withholds
// client fields that could make the origin answer one client with a response for another.
import { describe, expect, it } from "vitest";
import { CredentialFields, knownCredentialFields } from "../../../src/config/credential-fields.ts";
import {
  type ForwardedRequest,
  KeyedFields,
  passedFields,
} from "../../../src/pages/request/forwarded-fields.ts";
import { readTarget } from "../../../src/routing/target.ts";

type Texts = Readonly<Record<string, string>>;

function requestWith(fields: Texts): ForwardedRequest<Headers> {
  return { client: new Headers(fields), target: readTarget("https://www.example.com/a") };
}

interface Given {
  readonly cookies?: string;
  readonly honourRequestDirectives?: boolean;
  readonly forward?: readonly string[];
}

function keyed(fields: Texts, given: Given = {}) {
  const { cookies = "", honourRequestDirectives = false, forward } = given;
  const request = requestWith({ ...fields, "cf-connecting-ip": "192.0.2.7" });
  const added = { add: ["x-app-domain"], except: ["x-domain-key"] };
  const credentials = new CredentialFields([added, knownCredentialFields]);
  const route = {
    keyHeaders: ["x-app", "x-app-host", "x-app-key"],
    normalForms: undefined,
    honourRequestDirectives,
    forward,
    credentials,
    requestEdits: undefined,
  };
  return new KeyedFields(request, { cookies, keyedCookies: "", route });
}

/** Returns the fields that the origin receives. */
const headersOf = (fields: Texts, given?: Given) => keyed(fields, given).toHeaders([]);

const words = (text: string) => text.split(" ");
const addresses = words(
  "forwarded forwarded-for x-forwarded x-forward-for x-originally-forwarded-for client-ip client_ip " +
    "x-client-ip x-cluster-client-ip true-client-ip x-true-ip x_real_ip x-remote-ip " +
    "x-remote-addr x-remote-user remote-user x-originating-ip x-proxyuser-ip x-custom-ip-authorization " +
    "cf-connecting-ipv6 cf-pseudo-ipv4 fastly-client-ip akamai-origin-hop x-akamai-edgescape " +
    "x-azure-clientip x-azure-socketip wl-proxy-client-ip proxy-client-ip incap-client-ip",
);
const places = words(
  "x-forwarded-prefix x-forwarded-port x-forwarded-scheme x-forwarded-server x-forwarded-ssl " +
    "x-forwarded-path x-host x-original-host x-original-url x-original-uri x-rewrite-url " +
    "x-override-url x-backend-host x-http-host-override x-http-path-override x-http-destinationurl " +
    "x-matched-path x-proxy-url front-end-https x-url-scheme x-scheme https x-arr-ssl " +
    "x-accel-mapping x-sendfile-type x-envoy-original-path",
);
const loopholes = ["proxy", "x-middleware-subrequest"];
const steering = [...addresses, ...places, ...loopholes];
const methods = words(
  "x-method x-http-method x-http-method-override x-method-override x_http_method_override",
);
const ofOneRequest = words(
  "x-middleware-prefetch x-middleware-rewrite x-nextjs-data x-invoke-path " +
    "x-invoke-status x-now-route-matches x-vercel-ip-country x-prerender-revalidate x-nuxt-no-ssr " +
    "x-astro-path x-react-router-spa-mode x-amz-website-redirect-location x-amzn-remapped-host " +
    "cloudfront-viewer-country translate x-auth-request-user x-ms-client-principal-name " +
    "x-ssl-client-cert x-wap-profile x-msisdn device-stock-ua",
);
/** Fields that no list names, with a word that tells what servers read them for. */
const decidingNames = words(
  "x-hostname x-vhost x-target-host disguised-host was-default-hostname host-name x-host2 x-fqdn " +
    "x-authority x-site-domain x-subdomain x-origin-server server-name server-port x-upstream x-port " +
    "x-request-path x-base-path base-url x-context-path path path-info x-ingress-path x-root-url url " +
    "x-uri http-url x-prefix app-script-name query-string x-request-target x-mod-rewrite ms-original-url " +
    "x-environment-override scheme x-protocol x-appservice-proto x-tls x-ssl x-is-secure " +
    "x-front-https fly-client-ip do-connecting-ip x-nf-client-connection-ip x-user-ip x-ipv6 " +
    "pc-remote-addr www-address x-client-address x-country-code x-geo x-geoip-country " +
    "pc-remote-port x-proxy-forwarded-by hx-current-url x-forwardedhost x-realip x-clientipaddress " +
    "x-remoteaddr x-servername x-virtualhost x-requesturi x-originalurl x-urlscheme x-pathinfo " +
    "x-querystring x-forwardedfor httpxrealip x-httpmethodoverride x-geolocation cdn-requestcountrycode " +
    "x-hosts x-domains x-urls x-dns x-cname x-docroot x-document-root x-base-href x-redirect-to " +
    "x-rewritten x-ishttps x-issecure x-publicurl x-exthost absoluteuri xff x-fwd-for x-proxied-for x-connip",
);
/**
 * Fields that change a response by design, which origins declare in `Vary`, that Cloudflare sets, or whose names only
 * resemble the words above.
 */
const forwardedNames = words(
  "user-agent accept accept-language origin referer x-requested-with x-pjax hx-request turbo-frame " +
    "x-inertia rsc next-router-state-tree next-router-prefetch next-url save-data sec-ch-ua purpose " +
    "cf-connecting-ip cf-ipcountry cf-ray cf-visitor x-csrf-token x-api-key hx-target sec-fetch-site " +
    "sec-ch-prefers-color-scheme viewport-width upgrade-insecure-requests x-request-id baggage " +
    "x-client-version x-client-id x-tls-client-cert x-domain-key mcp-protocol-version x-tenant " +
    "x-region x-email-address x-wallet-address x-report x-zip x-curl max-forwards prefer priority",
);
const ofTheConnection = ["keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

/** Names that CGI and its successors treat as the same names with dashes. */
const aliases = words(
  "accept_language accept_encoding user_agent x_app if_none_match cache_control content_length " +
    "cf_connecting_ip cf_ipcountry x_csrf_token accept.language accept~language x.forwarded.host " +
    "x+rewrite!url x'app x*app x|app",
);

describe("a forwarded request that a stored response may answer", () => {
  it.each([
    ...steering,
    ...methods,
    ...ofOneRequest,
    ...ofTheConnection,
    ...aliases,
    ...words(
      "host proxy-authorization proxy-connection x_forwarded_host pragma if-none-match range cookie " +
        "if-modified-since if-range a-im content-length content-type content-disposition " +
        "content-transfer-encoding x-content-encoding repr-digest mime-version expect alt-used " +
        "available-dictionary dictionary-id",
    ),
  ])("leaves out the client's field %s", (name) => {
    const fields = keyed({ [name]: "1" });
    expect(fields.toHeaders([]).has(name)).toBe(false);
    expect(fields.get(name)).toBeNull();
  });

  it.each(forwardedNames)("contains the client's field %s", (name) => {
    const fields = keyed({ [name]: "192.0.2.7" });
    expect(fields.toHeaders([]).get(name)).toBe("192.0.2.7");
  });

  it.each(decidingNames)("contains the client's field %s only if responses vary by it", (name) => {
    const fields = keyed({ [name]: "1" });
    expect([fields.toHeaders([]).has(name), fields.isPartial]).toEqual([false, true]);
    expect([fields.get(name), fields.unsent([name])]).toEqual(["1", [name]]);
    expect(fields.withSelecting([name]).toHeaders([]).get(name)).toBe("1");
  });

  it("contains keyed fields and credentials whatever their names are", () => {
    const sent = { "x-app-host": "1", "x-app-domain": "2" };
    const headers = headersOf(sent);
    expect([headers.get("x-app-host"), headers.get("x-app-domain")]).toEqual(["1", "2"]);
    expect(keyed(sent).isPartial).toBe(false);
  });

  it("decides soon on a name that repeats a word", () => {
    const name = `x-${"hostname".repeat(4_000)}s`;
    expect(headersOf({ [name]: "1" }).get(name)).toBe("1");
  });

  it.each([
    ["x-app", { "x-app": "1" }, "1"],
    ["accept-encoding", { "accept-encoding": "zstd, gzip" }, "gzip"],
    ["accept-encoding", {}, "identity"],
    ["surrogate_capability", { surrogate_capability: 'me="ESI/1.0"' }, null],
    ["surrogate-capability", { "surrogate-capability": 'me="1"' }, 'tidemark="Surrogate/1.0"'],
    ["via", { via: "1.1 a" }, "1.1 a"],
    ["x-forwarded-proto", { "x-forwarded-proto": "ftp" }, "https"],
    ["x-forwarded-host", { "x-forwarded-host": "evil" }, "www.example.com"],
    ["x-forwarded-for", { "x-forwarded-for": "1.1.1.1" }, "192.0.2.7"],
    ["x-real-ip", { "x-real-ip": "1.1.1.1" }, "192.0.2.7"],
  ])("has the field %s, if the client sends %j, with the value %j", (name, given, value) => {
    expect(headersOf(given as Texts).get(name)).toBe(value);
  });

  it("leaves out fields that Connection names", () => {
    const headers = headersOf({ connection: "x-hop, a b,", "x-hop": "1" });
    expect([headers.has("x-hop"), headers.has("connection")]).toEqual([false, false]);
  });

  it("contains only the selected cookies, and Vary: Cookie compares only these", () => {
    const fields = keyed({ cookie: "_ga=1; currency=EUR" }, { cookies: "currency=EUR" });
    expect(fields.toHeaders([]).get("cookie")).toBe("currency=EUR");
    expect(fields.get("Cookie")).toBe("currency=EUR");
  });
});

describe("a request of a route with the option forward", () => {
  const named = { "x-a": "2", "x-path-a": "6" };
  const client = { "x-app": "1", ...named, "x-b": "3", "x-real-ip": "4", "user-agent": "5" };

  it("contains the listed fields, keyed fields and Tidemark's own fields", () => {
    const headers = headersOf(client, { forward: ["x-a", "x-path-a", "x-real-ip"] });
    expect(Object.fromEntries(headers)).toEqual({
      "accept-encoding": "identity",
      "cache-control": "max-age=0",
      "surrogate-capability": 'tidemark="Surrogate/1.0"',
      "x-a": "2",
      "x-app": "1",
      "x-forwarded-for": "192.0.2.7",
      "x-forwarded-host": "www.example.com",
      "x-forwarded-proto": "https",
      "x-path-a": "6",
      "x-real-ip": "192.0.2.7",
    });
  });

  it("selects variants by withheld fields also, and lists them as unsent", () => {
    const fields = keyed(client, { forward: [], cookies: "session=1" });
    expect([fields.get("x-b"), fields.sent.get("x-b")]).toEqual(["3", null]);
    const names = ["x-a", "x-app", "x-c", "x-real-ip", "x-forwarded-for", "cookie"];
    expect(fields.unsent(names)).toEqual(["x-a", "cookie"]);
    expect(fields.withSelecting(["x-a", "cookie"]).unsent(names)).toEqual([]);
  });

  it("does not list a field named * as unsent", () => {
    expect(keyed({ "*": "1" }, { forward: [] }).unsent(["*"])).toEqual([]);
  });
});

describe("the fields that Tidemark sets in a request", () => {
  it("have the same values for Vary as for the origin", () => {
    const fields = keyed({ via: "1.0 proxy", "x-forwarded-for": "203.0.113.9" });
    const headers = fields.toHeaders([]);
    for (const name of ["via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"]) {
      expect(fields.get(name)).toBe(headers.get(name));
    }
    expect(fields.get("x-forwarded-for")).toBe("192.0.2.7");
    expect(fields.get("via")).toBe("1.0 proxy");
  });
});

describe("a request that bypasses the cache", () => {
  const passed = (fields: Texts) => passedFields(requestWith(fields));

  it.each([
    ...steering,
    ...ofTheConnection,
    ...words(
      "host proxy-authorization x-forwarded-for x-real-ip x_forwarded_prefix cf_connecting_ip cf_ipcountry " +
        "x.forwarded.host x~original!url cf.connecting.ip",
    ),
    "cf_ipcountry",
    "x.forwarded.host",
    "x~original!url",
    "cf.connecting.ip",
  ])("leaves out the client's field %s", (name) => {
    expect(passed({ [name]: "1" }).has(name)).toBe(false);
  });

  it.each([
    ...methods,
    ...ofOneRequest,
    ...decidingNames,
    ...forwardedNames,
    ...words(
      "available-dictionary dictionary-id x-original-method x_csrf_token authorization cookie if-match range cache-control content-type " +
        "accept-encoding",
    ),
  ])("keeps the client's field %s", (name) => {
    expect(passed({ [name]: "1" }).get(name)).toBe("1");
  });

  it.each([
    { id: "nominated", connection: "close, X-Hop" },
    { id: "with-an-empty-member", connection: "x-hop," },
    { id: "with-an-invalid-name", connection: "a b, x-hop" },
  ])("leaves out fields that Connection names: $id", ({ connection }) => {
    expect(passed({ connection, "x-hop": "1" }).has("x-hop")).toBe(false);
  });
});
