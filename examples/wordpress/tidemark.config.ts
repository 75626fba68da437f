// The configuration of Tidemark in front of WordPress. docs/wordpress.md explains it.
import { consentCookies, defineConfig } from "tidemark";
import { operate } from "tidemark/operate";

export default defineConfig({
  parts: [operate()],
  cookies: { harmless: consentCookies },
  routes: [
    {
      name: "signed-in",
      match: "*",
      when: { cookie: ["wordpress_logged_in_*", "wp-postpass_*"] },
      bypass: true,
    },
    { name: "admin", match: "/wp-admin/*", bypass: true },
    { name: "login", match: "/wp-login.php", bypass: true },
    { name: "comments", match: "/wp-comments-post.php", bypass: true, invalidate: "everywhere" },
    { name: "cron", match: "/wp-cron.php", bypass: true },
    { name: "xmlrpc", match: "/xmlrpc.php", bypass: true },
    { name: "api", match: "/wp-json/*", bypass: true },
    { name: "uploads", match: "/wp-content/*", fresh: "30d", browser: "1d" },
    { name: "scripts", match: "/wp-includes/*", fresh: "30d", browser: "1d" },
    { name: "icon", match: "/favicon.ico", fresh: { 200: "1d", 302: "1d" } },
    {
      name: "pages",
      match: "*",
      fresh: "8h",
      browser: "0s",
      negative: { 404: "5m" },
      staleIfError: "1d",
      cookies: { ignore: ["wordpress_test_cookie", "wp_lang"] },
    },
  ],
});
