// Detects the software of a site. Knows which paths and cookies are usually private on each platform.
import type { Answer } from "../asking/fetch-page.ts";

export type Platform = "WordPress" | "WooCommerce" | "Shopify" | "Ghost" | "Drupal" | "unknown";

interface Mark {
  readonly platform: Exclude<Platform, "unknown">;
  readonly field?: readonly [name: string, form: RegExp];
  readonly text?: RegExp;
}

/** The first match applies, so more specific marks precede others. */
const marks: readonly Mark[] = [
  { platform: "WooCommerce", text: /class="[^"]*\bwoocommerce\b|\/plugins\/woocommerce\// },
  { platform: "WordPress", field: ["link", /api\.w\.org/] },
  { platform: "WordPress", text: /\/wp-(?:content|includes)\/|content="WordPress/ },
  { platform: "Shopify", field: ["x-shopid", /./] },
  { platform: "Shopify", text: /cdn\.shopify\.com/ },
  { platform: "Ghost", text: /<meta name="generator" content="Ghost/i },
  { platform: "Drupal", field: ["x-generator", /Drupal/i] },
  { platform: "Drupal", text: /<meta name="generator" content="Drupal/i },
];

export function platformOf(answers: readonly Answer[]): Platform {
  const isMarked = ({ field, text }: Mark) =>
    answers.some(
      (answer) =>
        (field !== undefined && field[1].test(answer.headers.get(field[0]) ?? "")) ||
        (text !== undefined && text.test(answer.text)),
    );
  return marks.find(isMarked)?.platform ?? "unknown";
}

const usual = ["/login/*", "/logout/*", "/account/*", "/admin/*", "/cart/*", "/checkout/*"];

const more: Readonly<Partial<Record<Platform, readonly string[]>>> = {
  WooCommerce: ["/my-account/*", "/wc-api/*"],
  Shopify: ["/checkouts/*", "/orders/*"],
  Ghost: ["/ghost/*", "/members/*"],
  Drupal: ["/user/*", "/node/add/*"],
};

const ofWordPress = ["wordpress_logged_in_*", "wp-postpass_*"];
const signedIn: Readonly<Partial<Record<Platform, readonly string[]>>> = {
  WordPress: ofWordPress,
  WooCommerce: [...ofWordPress, "woocommerce_items_in_cart"],
  Drupal: ["SESS*", "SSESS*"],
};

/** Cookies that WordPress also sets for visitors, and that pages do not depend on. */
export const harmlessInWordPress: readonly string[] = ["wordpress_test_cookie", "wp_lang"];

export function signedInCookiesOf(platform: Platform): readonly string[] {
  return signedIn[platform] ?? [];
}

export function privateOf(platform: Platform): readonly string[] {
  return [...usual, ...(more[platform] ?? [])];
}
