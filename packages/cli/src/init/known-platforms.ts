// Paths that are usually private on each platform. The draft lists them even if no examined page
// links to them.
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
