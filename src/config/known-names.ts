// Query parameters and cookies that are known by their names, and whether a name is in such a list.

/** A list of names; `*` at the end of one stands for any rest. */
export type NamePatterns = readonly string[];

/** Query parameters that name a campaign and never change the page. */
export const trackingParameters: NamePatterns = (
  "utm_* gclid gclsrc dclid gbraid wbraid fbclid msclkid twclid ttclid igshid yclid " +
  "mc_cid mc_eid _ga _gl _hsenc _hsmi vero_id"
).split(" ");

/** Cookies that scripts on the page read and no origin does. */
export const analyticsCookies: NamePatterns = (
  "_ga _ga_* _gid _gat _gat_* _gcl_* __utm* _fbp _fbc _hj* _pk_* _clck _clsk __hstc __hssc __hssrc " +
  "hubspotutk _uet* _tt_* _scid __cf_bm"
).split(" ");

/**
 * Cookies that keep what a visitor has consented to, to add to `cookies.harmless` by choice: only
 * where no page that the origin sends depends on them.
 */
export const consentCookies: NamePatterns = (
  "CookieConsent OptanonConsent OptanonAlertBoxClosed eupubconsent-v2 euconsent-v2 addtl_consent " +
  "usprivacy FCCDCF FCNEC cookieyes-consent cky-consent cookielawinfo-checkbox-* " +
  "viewed_cookie_policy CookieLawInfoConsent cmplz_* cookie_notice_accepted borlabs-cookie " +
  "moove_gdpr_popup didomi_token notice_preferences notice_gdpr_prefs cmapi_cookie_privacy " +
  "_iub_cs-* CONSENTMGR tarteaucitron axeptio_* cookiefirst-consent cookieconsent_status " +
  "cc_cookie __cmpconsent* __hs_opt_out __hs_do_not_track __hs_initial_opt_in __hs_cookie_cat_pref"
).split(" ");

/** Is it a cookie of the known analytics scripts? */
export function isAnalyticsCookie(name: string): boolean {
  return matchesAny(analyticsCookies, name);
}

/** Names to add to the known ones, or with `only` the names to have in their place. */
export type NamesGiven = NamePatterns | { readonly only: NamePatterns };

/** @returns the known names and the given ones without repeats; the given ones alone under `only` */
export function namesFrom(known: NamePatterns, given: NamesGiven = []): NamePatterns {
  return "only" in given ? given.only : [...new Set([...known, ...given])];
}

/** Is a name in the list, by itself or under a pattern that ends in `*`? */
export function matchesAny(patterns: NamePatterns, name: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}
