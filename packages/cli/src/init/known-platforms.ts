// Paths that are somebody's own on a site of this make, whether a page links them or not.
import type { Platform } from "../origin/platform.ts";

const usual = ["/login/*", "/logout/*", "/account/*", "/admin/*", "/cart/*", "/checkout/*"];

const more: Readonly<Partial<Record<Platform, readonly string[]>>> = {
  WooCommerce: ["/my-account/*", "/wc-api/*"],
  Shopify: ["/checkouts/*", "/orders/*"],
  Ghost: ["/ghost/*", "/members/*"],
  Drupal: ["/user/*", "/node/add/*"],
};

export function privateOf(platform: Platform): readonly string[] {
  return [...usual, ...(more[platform] ?? [])];
}
