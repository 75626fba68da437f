// Paths that are usually private on each platform, and cookies of clients that are logged in. The
// draft lists them even if no examined page links to them or sets them.
import type { Platform } from "../origin/platform.ts";

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

export function signedInCookiesOf(platform: Platform): readonly string[] {
  return signedIn[platform] ?? [];
}

export function privateOf(platform: Platform): readonly string[] {
  return [...usual, ...(more[platform] ?? [])];
}
