// Well-known query parameters and cookies, and matching of names against such lists.

/** A name in a list. A `*` at the end matches any rest, such as `"utm_*"`. */
export type NamePattern = string;

export type NamePatterns = readonly NamePattern[];

/** Query parameters that identify a campaign and never change the page. */
export const trackingParameters: NamePatterns = (
  "utm_* gclid gclsrc dclid gbraid wbraid gad_* srsltid fbclid msclkid twclid ttclid igshid igsh " +
  "li_fat_id rdt_cid ScCid epik s_kwcid yclid ysclid ymclid tblci dicbo mtm_* matomo_* pk_campaign pk_kwd " +
  "piwik_campaign piwik_kwd hsa_* __hstc __hssc __hsfp _hsenc _hsmi mc_cid mc_eid _ga _gl _ke _kx " +
  "_bta_tid _bta_c _branch_match_id _openstat dm_i vero_id"
).split(" ");

/** Cookies that scripts on the page or Cloudflare use, but origins do not. */
export const analyticsCookies: NamePatterns = (
  "_ga _ga_* _gid _gat _gat_* _gcl_* __utm* _fbp _fbc _hj* _pk_* _clck _clsk __hstc __hssc __hssrc " +
  "hubspotutk _uet* _tt_* _scid __cf_bm"
).split(" ");

/**
 * Cookies that store a visitor's consent. Add them to `cookies.harmless` only if no page from the origin
 * depends on them.
 */
export const consentCookies: NamePatterns = /* @__PURE__ */ (
  "CookieConsent OptanonConsent OptanonAlertBoxClosed eupubconsent-v2 euconsent-v2 addtl_consent " +
  "usprivacy FCCDCF FCNEC cookieyes-consent cky-consent cookielawinfo-checkbox-* " +
  "viewed_cookie_policy CookieLawInfoConsent cmplz_* cookie_notice_accepted borlabs-cookie " +
  "moove_gdpr_popup didomi_token notice_preferences notice_gdpr_prefs cmapi_cookie_privacy " +
  "_iub_cs-* CONSENTMGR tarteaucitron axeptio_* cookiefirst-consent cookieconsent_status " +
  "cc_cookie __cmpconsent* __hs_opt_out __hs_do_not_track __hs_initial_opt_in __hs_cookie_cat_pref"
).split(" ");

/** Returns whether a cookie belongs to a known analytics script. */
export const isAnalyticsCookie = (name: string) => matchesAny(analyticsCookies, name);

/** Names to add to the known names, or, under `only`, to use instead of them. */
type NamesGiven = NamePatterns | { readonly only: NamePatterns };

/** Returns the known and the given names without duplicates, or only the names under `only`. */
export function namesFrom(known: NamePatterns, given: NamesGiven = []): NamePatterns {
  return "only" in given ? given.only : [...new Set([...known, ...given])];
}

const compiled = new WeakMap<NamePatterns, (name: string) => boolean>();

/** Returns whether the list has the name, exactly or by a pattern that ends in `*`. */
export function matchesAny(patterns: NamePatterns, name: string): boolean {
  let matches = compiled.get(patterns);
  if (matches === undefined) compiled.set(patterns, (matches = compileNames(patterns)));
  return matches(name);
}

/** Returns a test for a name, whose time hardly depends on the number of patterns. */
export function compileNames(patterns: NamePatterns): (name: string) => boolean {
  const names = new Set(patterns.filter((pattern) => !pattern.endsWith("*")));
  const prefixes = patterns.filter((pattern) => pattern.endsWith("*"));
  const literals = prefixes.map((prefix) => prefix.slice(0, -1).replaceAll(/\W/g, String.raw`\$&`));
  const begins = new RegExp(`^(?:${literals.join("|")})`);
  return (name) => names.has(name) || (prefixes.length > 0 && begins.test(name));
}

export const lowerCased = (names: readonly string[]): readonly string[] =>
  names.map((name) => name.toLowerCase());
