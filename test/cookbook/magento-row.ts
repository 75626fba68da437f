// A shop that sends the fields and cookies of Magento, and the visits of its guests and customers.
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { host } from "../../testing/site/harness.ts";
import { pairsIn } from "../../src/routing/cookies.ts";
import { bypassed, hit, type Origin, pathOf, type Row, stored } from "./play.ts";

/** The values of `X-Magento-Vary` by session; guests with the shop's own currency have none. */
const varies: Readonly<Record<string, string>> = {
  "s-euro-0123456789": "euro",
  "s-wholesale-0123456789": "wholesale",
  "s-wholesale-9876543210": "wholesale",
};
const forAll = cc("public, max-age=86400, s-maxage=86400", { pragma: "cache" });
const forNone = cc("no-store, no-cache, must-revalidate, max-age=0");

const setting = (pair: string) => `${pair}; Max-Age=3600; path=/; HttpOnly`;

const magento: Origin = (request, nth) => {
  const sent = new Map(
    pairsIn(request.headers.get("cookie") ?? "").map(
      (pair) => pair.split("=", 2) as [string, string],
    ),
  );
  const session = sent.get("PHPSESSID") ?? `s-new-${nth}`;
  const vary = varies[session];
  const path = pathOf(request);
  const text = `${vary ?? "guest"} ${nth}`;
  const answer = path.startsWith("/page_cache/")
    ? page(`menu of ${text}`, cc("public, max-age=600, s-maxage=600"))
    : page(
        path === "/" ? `<esi:include src="http://${host}/page_cache/block/esi" />, ${text}` : text,
        /customer|checkout/.test(path) ? forNone : forAll,
      );
  answer.headers.append("set-cookie", setting(`PHPSESSID=${session}`));
  // Magento repeats the cookie on each page, also if the request has it.
  if (vary !== undefined) answer.headers.append("set-cookie", setting(`X-Magento-Vary=${vary}`));
  else if (sent.has("X-Magento-Vary"))
    answer.headers.append("set-cookie", "X-Magento-Vary=deleted; Max-Age=0; path=/; HttpOnly");
  return answer;
};

const cookies = (...pairs: string[]) => ({ headers: { cookie: pairs.join("; ") } });
/** Cookies that each visitor of a shop has. */
const own = [
  "form_key=abcdefgh12345678",
  "private_content_version=0123456789abcdef0123456789abcdef",
];
const changed = "fwd=uri-miss; detail=set-cookie";
const guest = cookies("PHPSESSID=s-guest-0123456789", ...own);
const euro = cookies("PHPSESSID=s-euro-0123456789", "X-Magento-Vary=euro", ...own);
const wholesale = (session: string) =>
  cookies(`PHPSESSID=s-wholesale-${session}`, "X-Magento-Vary=wholesale", ...own);
const graphql = "/graphql?query=%7BstoreConfig%7Bid%7D%7D";

export const magentoRow: Row = {
  recipe: "Magento with its menu",
  origin: magento,
  steps: [
    { path: "/", sees: `${stored} | menu of guest 2, guest 1` },
    { path: "/", ...guest, sees: `${hit} | menu of guest 2, guest 1` },
    // A guest has just chosen the euro, and a customer logged in: their pages are not for other guests.
    { path: "/a", ...cookies("PHPSESSID=s-euro-0123456789"), sees: `${changed} | euro 3` },
    { path: "/a", ...guest, sees: `${stored} | guest 4` },
    { path: "/a", ...euro, sees: `${stored} | euro 5` },
    {
      path: "/a",
      ...euro,
      sees: `${hit} | euro 5`,
      answers: { "cache-control": "public, max-age=0" },
    },
    { path: "/a", ...wholesale("0123456789"), sees: `${stored} | wholesale 6` },
    { path: "/a", ...wholesale("9876543210"), sees: `${hit} | wholesale 6` },
    // After the session has ended, or changed its group, the cookie no longer fits the page.
    {
      path: "/b",
      ...cookies("PHPSESSID=s-guest-0", "X-Magento-Vary=euro"),
      sees: `${changed} | guest 7`,
    },
    {
      path: "/b",
      ...cookies("PHPSESSID=s-wholesale-0123456789", "X-Magento-Vary=euro"),
      sees: `${changed} | wholesale 8`,
    },
    { path: "/b", ...euro, sees: `${stored} | euro 9` },
    { path: "/checkout/cart/", ...guest, sees: `${bypassed} | guest 10` },
    { path: "/de/customer/account/", ...euro, sees: `${bypassed} | euro 11` },
    // Answers that cannot be stored keep their cookies.
    {
      path: "/directory/currency/switch/",
      method: "POST",
      ...cookies("PHPSESSID=s-euro-0123456789"),
      sees: "fwd=method; detail=method | euro 12",
      answers: {
        "set-cookie": `${setting("PHPSESSID=s-euro-0123456789")}, ${setting("X-Magento-Vary=euro")}`,
      },
    },
    { path: graphql, headers: { store: "de" }, sees: `${stored} | guest 13` },
    { path: graphql, headers: { store: "de" }, sees: `${hit} | guest 13` },
    { path: graphql, headers: { store: "fr" }, sees: `${stored} | guest 14` },
    { path: graphql, headers: { ...euro.headers, store: "de" }, sees: `${bypassed} | euro 15` },
  ],
};
